# SPDX-License-Identifier: GPL-2.0-only
#
# The front door. Mirrors the targets and the manners of Linux's top-level Makefile:
# "make help" lists what there is. Every target works in a fresh clone; what it needs from
# npm is installed first.

VERSION = 5
PATCHLEVEL = 17
SUBLEVEL = 0
EXTRAVERSION = -spf

KERNELVERSION := $(VERSION).$(PATCHLEVEL).$(SUBLEVEL)$(EXTRAVERSION)
export KERNELVERSION

.SUFFIXES:
.DELETE_ON_ERROR:

# That's the default target when none is given on the command line.
PHONY := all
all:

# --- How much is said ---------------------------------------------------------------------
#
# By default a short line for each step. V=1 shows the commands, -s nothing at all.

ifeq ("$(origin V)","command line")
  KBUILD_VERBOSE := $(V)
endif
KBUILD_VERBOSE ?= 0

ifneq ($(filter-out 0,$(KBUILD_VERBOSE)),)
  Q :=
  say = @:
else
  Q := @
  say = @printf '  %-7s %s\n'
endif

# The one-letter options are the first word, if there are any.
ifneq ($(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)
  Q := @
  say = @:
  silent := -s
  KBUILD_SILENT := 1
endif

export V := $(KBUILD_VERBOSE)
export KBUILD_SILENT

# Are two texts different?
empty :=
space := $(empty) $(empty)
differs = $(filter-out x$(subst $(space),|,$(1)),x$(subst $(space),|,$(2)))

MAKEFLAGS += --no-builtin-rules --no-print-directory

# --- Where things lie ---------------------------------------------------------------------
#
# srctree is where this file is. objtree is where everything generated goes: O=DIR, or the
# same place.

srctree := $(CURDIR)
ifneq ($(O),)
  objtree := $(abspath $(O))
else
  objtree := .
endif
export srctree

export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

KCONFIG_CONFIG ?= .config
export KCONFIG_CONFIG

# What Linux has as autoconf.h: the constants that gate code here.
export KCONFIG_AUTOTS := include/generated/autoconf.ts
dotconfig := $(if $(filter /%,$(KCONFIG_CONFIG)),,$(objtree)/)$(KCONFIG_CONFIG)

# --- Which architecture -------------------------------------------------------------------

ARCH ?= x86
SRCARCH := $(ARCH)
ifneq ($(filter x86_64 i386,$(ARCH)),)
  SRCARCH := x86
endif
export ARCH SRCARCH

ARCHES := x86 x86_64 i386 powerpc arm64
ifeq ($(filter $(ARCHES),$(ARCH)),)
  $(error ARCH=$(ARCH) is not known here, these are: $(ARCHES))
endif

# What "make defconfig" stands for, and what each defconfig is good for.
KBUILD_DEFCONFIG-x86     := x86_64_defconfig
KBUILD_DEFCONFIG-x86_64  := x86_64_defconfig
KBUILD_DEFCONFIG-i386    := i386_defconfig
KBUILD_DEFCONFIG-powerpc := ppc64_defconfig
KBUILD_DEFCONFIG-arm64   := arm64_defconfig
KBUILD_DEFCONFIG := $(KBUILD_DEFCONFIG-$(ARCH))

SRCARCH-x86_64_defconfig := x86
SRCARCH-i386_defconfig   := x86
SRCARCH-ppc64_defconfig  := powerpc
SRCARCH-arm64_defconfig  := arm64

# --- One thing after the other ------------------------------------------------------------
#
# Targets that change the configuration, or remove files, are not run together with others:
# "make -j8 mrproper defconfig debug.config all" does the four in this order.

alone := $(filter-out diffconfig testconfig,$(filter %config,$(MAKECMDGOALS))) %.config clean mrproper distclean
one-by-one :=
ifneq ($(filter $(alone),$(MAKECMDGOALS)),)
  ifneq ($(words $(MAKECMDGOALS)),1)
    one-by-one := 1
  endif
endif

ifdef one-by-one

PHONY += $(MAKECMDGOALS) __one_by_one
$(MAKECMDGOALS): __one_by_one
	@:

__one_by_one:
	$(Q)set -e; for goal in $(MAKECMDGOALS); do $(MAKE) -f $(firstword $(MAKEFILE_LIST)) $$goal; done

else # one-by-one

# --- Node.js and packages -----------------------------------------------------------------

NODE ?= node
no-node-goals := help clean mrproper distclean kernelversion kernelrelease
ifneq ($(filter-out $(no-node-goals),$(or $(MAKECMDGOALS),all)),)
  node-check := $(shell $(NODE) -p '(([a, b]) => (a > 20 || (a == 20 && b >= 19) ? "ok" : \
	process.version))(process.versions.node.split("."))' 2>/dev/null)
  ifeq ($(node-check),)
    $(error Node.js is needed (20.19 or later), and there is no "$(NODE)" here)
  endif
  ifneq ($(node-check),ok)
    $(error Node.js 20.19 or later is needed, and this is $(node-check))
  endif
endif

stamp := node_modules/.stamp

# Packages that npm has installed after the last change of the lists are good as they are.
$(stamp): package.json package-lock.json
	$(Q)if [ node_modules/.package-lock.json -nt package-lock.json ] && \
	   [ node_modules/.package-lock.json -nt package.json ]; then \
		touch $@; \
	elif [ -L node_modules ]; then \
		echo "make: node_modules is a link to packages that are not those of package-lock.json;" \
			"remove the link" >&2; \
		exit 2; \
	else \
		$(if $(silent),,printf '  %-7s %s\n' NPM ci;) \
		npm ci --no-audit --no-fund --no-progress --loglevel=error >/dev/null && touch $@; \
	fi

# By path, since node is also run outside of the source tree.
TSX := $(NODE) --import $(srctree)/node_modules/tsx/dist/loader.mjs

# --- Configuration ------------------------------------------------------------------------

in-objtree = mkdir -p $(objtree) && cd $(objtree) &&
kconfig-dist := $(srctree)/scripts/kconfig/dist
conf = $(in-objtree) $(NODE) $(kconfig-dist)/spf-conf.mjs $(silent)

# For plain node, which starts three times as fast as with TypeScript.
kconfig-sources := $(filter-out %_test.ts,$(wildcard scripts/kconfig/*.ts scripts/kconfig/*/*.ts))
kconfig := $(kconfig-dist)/spf-conf.mjs
$(kconfig): $(kconfig-sources) | $(stamp)
	$(say) BUNDLE scripts/kconfig/dist
	$(Q)$(TSX) scripts/kconfig/build.ts

simple-targets := config oldconfig olddefconfig listnewconfig helpnewconfig \
	allnoconfig allyesconfig allmodconfig alldefconfig randconfig \
	yes2modconfig mod2yesconfig mod2noconfig
PHONY += $(simple-targets) syncconfig savedefconfig defconfig menuconfig tinyconfig testconfig diffconfig bench-kconfig

config: $(kconfig)
	$(Q)$(conf) --oldaskconfig Kconfig

$(filter-out config,$(simple-targets)): $(kconfig)
	$(Q)$(conf) --$@ Kconfig

menuconfig: $(kconfig)
	$(Q)$(in-objtree) $(NODE) $(kconfig-dist)/mconf.mjs $(silent) Kconfig

syncconfig: $(kconfig)
	$(say) SYNC include/config/auto.conf
	$(Q)$(conf) --syncconfig Kconfig

savedefconfig: $(kconfig)
	$(Q)$(conf) --savedefconfig=defconfig Kconfig

defconfig: $(kconfig)
	$(if $(silent),,@echo "*** Default configuration is based on '$(KBUILD_DEFCONFIG)'")
	$(Q)$(conf) --defconfig=configs/$(KBUILD_DEFCONFIG) Kconfig

# Says what is wrong with the name of a file in configs/, and which there are.
no-such = echo "make: there is no configs/$(1), these are: $(sort $(notdir $(wildcard configs/$(2))))" >&2; exit 2

%_defconfig: $(kconfig) FORCE
	@$(if $(wildcard configs/$@),:,$(call no-such,$@,*_defconfig))
	@$(if $(filter-out $(SRCARCH),$(SRCARCH-$@)), \
		echo "*** $@ is for ARCH=$(SRCARCH-$@) but this is ARCH=$(ARCH)" >&2; exit 2)
	$(Q)$(conf) --defconfig=configs/$@ Kconfig

# Several fragments are laid one over the other, in the order of the command line. One for a
# single architecture lies in arch/$(SRCARCH)/configs/, as in the kernel.
merge = $(in-objtree) $(NODE) $(kconfig-dist)/merge_config.mjs
fragment = $(firstword $(wildcard $(addsuffix /$(1),configs arch/$(SRCARCH)/configs)))
from-objtree = $(if $(filter-out .,$(objtree)),$(srctree)/)

%.config: $(kconfig) FORCE
	@$(if $(call fragment,$@),:,$(call no-such,$@,*.config))
	$(Q)$(merge) --update $(KCONFIG_CONFIG) $(from-objtree)$(call fragment,$@) $(if $(silent),>/dev/null)

# An expert is asked more, so that allnoconfig can refuse more; tiny.config then has its say.
tinyconfig: $(kconfig)
	$(Q)KCONFIG_ALLCONFIG=$(srctree)/configs/tiny-base.config $(MAKE) -f $(srctree)/Makefile allnoconfig
	$(Q)$(MAKE) -f $(srctree)/Makefile tiny.config

testconfig: $(stamp)
	$(Q)ava 'scripts/kconfig/**/*_test.ts' $(ARGS)

# spf-conf beside the conf of a kernel tree.
bench-kconfig: $(kconfig)
	$(Q)$(TSX) scripts/kconfig/bench.ts

# By default what the last change of the configuration has changed.
diffconfig: $(kconfig)
	@$(if $(filter 1,$(words $(A) $(B))), \
		echo 'make diffconfig: give both A=FILE and B=FILE or neither' >&2; exit 2,:)
	$(Q)$(if $(A),,cd $(objtree) &&) $(NODE) $(kconfig-dist)/diffconfig.mjs $(ARGS) $(A) $(B)

$(dotconfig):
	@echo '***' >&2
	@echo '*** Configuration file "$(KCONFIG_CONFIG)" not found!' >&2
	@echo '***' >&2
	@echo '*** Please run some configurator (e.g. "make oldconfig" or' >&2
	@echo '*** "make defconfig" or "make allyesconfig").' >&2
	@echo '***' >&2
	@exit 2

# The answers depend on the questions, and on the architecture that they were asked for.
auto-conf := $(objtree)/include/config/auto.conf
autoconf-ts := $(objtree)/include/generated/autoconf.ts
arch-stamp := $(objtree)/include/config/arch
kconfig-files := $(wildcard Kconfig kernel/Kconfig.* kernel/*/Kconfig kernel/*/Kconfig.* \
	arch/*/Kconfig)

arch-now := $(ARCH) $(KERNELVERSION)
$(arch-stamp): $(if $(call differs,$(file < $(arch-stamp)),$(arch-now)),FORCE) | $(dotconfig)
	@mkdir -p $(@D); echo '$(arch-now)' > $@

$(auto-conf): $(dotconfig) $(arch-stamp) $(kconfig-files) $(kconfig)
	$(say) SYNC include/config/auto.conf
	$(Q)$(conf) --syncconfig Kconfig

# It comes with auto.conf, and keeps its date if nothing in it has changed.
$(autoconf-ts): | $(auto-conf)
	$(Q)$(conf) --syncconfig Kconfig

# --- The kernel ---------------------------------------------------------------------------

PHONY += vmlinux
all: vmlinux
vmlinux: $(objtree)/vmlinux.mjs

# The answers have to be there before anything is built: make reads them in, and what they
# change in include/config/ is what the bundles depend on.
bundles := vmlinux.mjs vmlinux.min.mjs System.map
ifneq ($(filter all vmlinux $(bundles) $(addprefix $(objtree)/,$(bundles)),$(or $(MAKECMDGOALS),all)),)
  # Without .config the rule for it says so.
  ifneq ($(wildcard $(dotconfig)),)
    include $(auto-conf)
  endif
  -include $(objtree)/.vmlinux.mjs.cmd $(objtree)/.vmlinux.min.mjs.cmd
endif

# A bundle is made again if its command is another one, if a source that went into it has
# changed, or a symbol that such a source asks for: its .cmd file lists them, and the command.
build-vmlinux.mjs     = $(TSX) scripts/build.ts --objtree $(objtree) $(addprefix --,$(silent:-s=silent))
build-vmlinux.min.mjs = $(build-vmlinux.mjs) --minify
plain-command = $(strip $(filter-out --silent,$(build-$(1))))
if-changed = $(deps_$(1)) $(if $(call differs,$(savedcmd_$(1)),$(call plain-command,$(1))),FORCE)
define make-bundle
$(Q)$(build-$(1))
@echo 'savedcmd_$(1) := $(call plain-command,$(1))' >> $(objtree)/.$(1).cmd
endef

$(objtree)/vmlinux.mjs $(objtree)/System.map &: $(call if-changed,vmlinux.mjs) | $(auto-conf) $(autoconf-ts)
	$(call make-bundle,vmlinux.mjs)

# Not at the same time as the other: both write into objtree.
$(objtree)/vmlinux.min.mjs: $(call if-changed,vmlinux.min.mjs) | $(auto-conf) $(autoconf-ts) $(objtree)/vmlinux.mjs
	$(call make-bundle,vmlinux.min.mjs)

ifneq ($(objtree),.)
PHONY += vmlinux.mjs vmlinux.min.mjs System.map
vmlinux.mjs vmlinux.min.mjs System.map: %: $(objtree)/%
endif

# --- Programs that make their own builds under build/ -------------------------------------

PHONY += run test bench kunit check coverage replay record explore explore-mutants
run test bench kunit check: $(stamp)
	$(Q)$(TSX) scripts/$@.ts $(ARGS)

PHONY += bloat-o-meter size
bloat-o-meter: $(stamp)
	@$(if $(and $(A),$(B)),:, \
		echo 'make bloat-o-meter: say which two builds: make bloat-o-meter A=DIR B=DIR' >&2; exit 2)
	$(Q)$(TSX) scripts/bloat-o-meter.ts $(ARGS) $(A) $(B)

size: $(auto-conf) $(autoconf-ts)
	$(Q)$(TSX) scripts/size.ts --objtree $(objtree) $(ARGS)

# Of scripts and tools. What runs inside a bundle on a CPU is left out: c8 takes every line
# of it for covered.
coverage: $(stamp)
	$(Q)c8 --include 'scripts/**' --include 'tools/**' --include 'arch/host/**' \
		--temp-directory build/coverage/tmp --reports-dir build/coverage \
		--reporter text --reporter html $(TSX) scripts/test.ts $(ARGS)

replay: $(stamp)
	@$(if $(TRACE),:,echo 'make replay: say which trace: make replay TRACE=DIR' >&2; exit 2)
	$(Q)$(NODE) bin/spf.mjs replay $(TRACE) $(ARGS)

record: $(stamp)
	@$(if $(and $(DIR),$(CMD)),:, \
		echo 'make record: say where to and what: make record DIR=DIR CMD="COMMAND"' >&2; exit 2)
	$(Q)$(NODE) bin/spf.mjs record $(ARGS) $(DIR) -- $(CMD)

# Every scenario under every memory model; and every mutant, which has to be found.
# 3: nothing failed, and not every schedule was seen; each line says of what.
explore: $(stamp)
	$(Q)$(NODE) bin/spf.mjs explore $(ARGS) || [ $$? -eq 3 ]

explore-mutants: $(stamp)
	$(Q)$(TSX) scripts/explore-mutants.ts $(ARGS)

# --- Cleaning -----------------------------------------------------------------------------

PHONY += clean mrproper distclean
clean-files := $(addprefix $(objtree)/,vmlinux.mjs vmlinux.min.mjs vmlinux.mjs.map \
	vmlinux.min.mjs.map System.map .vmlinux.mjs.cmd .vmlinux.min.mjs.cmd) $(objtree)/build
mrproper-files := $(dotconfig) $(dotconfig).old \
	$(addprefix $(objtree)/,include/config include/generated defconfig)

# Says CLEAN only if there is something to remove.
clean-up = $(foreach what,$(wildcard $(1)),$(if $(silent),,printf '  %-7s %s\n' CLEAN $(what);) rm -rf $(what);)

clean:
	$(Q)$(call clean-up,$(clean-files)) :

mrproper: clean
	$(Q)$(call clean-up,$(mrproper-files)) :

distclean: mrproper
	$(Q)find . -path ./node_modules -prune -o -path ./.git -prune -o -type f \
		\( -name '*~' -o -name '*.orig' -o -name '*.rej' -o -name '*.bak' -o -name '.*.sw?' \) \
		-exec rm -f {} +
	$(Q)$(call clean-up,node_modules) :

# --- Help ---------------------------------------------------------------------------------

PHONY += help kernelversion kernelrelease
kernelversion kernelrelease:
	@echo $(KERNELVERSION)

help:
	@echo  'Cleaning targets:'
	@echo  '  clean		  - Remove what a build made, keep the configuration'
	@echo  '  mrproper	  - Remove all generated files and the configuration'
	@echo  '  distclean	  - mrproper, and remove editor backups and node_modules'
	@echo  ''
	@echo  'Configuration targets:'
	@echo  '  config	  - Update current config utilising a line-oriented program'
	@echo  '  menuconfig	  - Update current config utilising a menu based program'
	@echo  '  oldconfig	  - Update current config utilising a provided .config as base'
	@echo  '  defconfig	  - New config with default from ARCH supplied defconfig'
	@echo  '  savedefconfig   - Save current config as ./defconfig (minimal config)'
	@echo  '  allnoconfig	  - New config where all options are answered with no'
	@echo  '  allyesconfig	  - New config where all options are accepted with yes'
	@echo  '  allmodconfig	  - New config selecting modules when possible (there are none: as allyesconfig)'
	@echo  '  alldefconfig    - New config with all symbols set to default'
	@echo  '  randconfig	  - New config with random answer to all options (KCONFIG_SEED=n repeats)'
	@echo  '  yes2modconfig	  - Change answers from yes to mod if possible'
	@echo  '  mod2yesconfig	  - Change answers from mod to yes if possible'
	@echo  '  mod2noconfig	  - Change answers from mod to no if possible'
	@echo  '  listnewconfig   - List new options'
	@echo  '  helpnewconfig   - List new options and help text'
	@echo  '  olddefconfig	  - Same as oldconfig but sets new symbols to their'
	@echo  '		    default value without prompting'
	@echo  '  tinyconfig	  - Configure the tiniest possible kernel'
	@echo  '  syncconfig	  - Write include/config/auto.conf and include/generated/autoconf.ts'
	@echo  '  diffconfig	  - Show what the last change changed, or A=FILE against B=FILE'
	@echo  '  testconfig	  - Run Kconfig unit tests'
	@echo  ''
	@echo  'Configuration topic targets:'
	@for f in $(sort $(wildcard configs/*.config arch/$(SRCARCH)/configs/*.config)); do \
		if help=$$(grep -m1 '^# Help: ' $$f); then printf '  %-15s - %s\n' $${f##*/} "$${help#*: }"; fi; done
	@echo  ''
	@echo  'Other generic targets:'
	@echo  '  all		  - Build all targets marked with [*]'
	@echo  '* vmlinux	  - Build the kernel: vmlinux.mjs and System.map'
	@echo  '  vmlinux.min.mjs - Build the kernel without names and white space'
	@echo  '  run		  - Replay the sample with the feature on and off, side by side'
	@echo  '  kernelversion	  - Output the version stored in Makefile'
	@echo  '  kernelrelease	  - Output the release version string'
	@echo  ''
	@echo  'Static analysers:'
	@echo  '  check		  - Check types, format, lint, and the rules of this tree (checkpatch)'
	@echo  ''
	@echo  'Sizes:'
	@echo  '  size		  - Build a kernel for each symbol, and say what it costs (minutes)'
	@echo  '  bloat-o-meter	  - Compare two builds: make bloat-o-meter A=DIR B=DIR'
	@echo  ''
	@echo  'Kernel selftest:'
	@echo  '  test		  - Run all checks and tests'
	@echo  '  kunit		  - Build a kernel with its unit tests and run them'
	@echo  '  coverage	  - Run them, and report which lines of scripts and tools they reach'
	@echo  ''
	@echo  'Userspace tools targets:'
	@echo  '  explore	  - Run every interleaving of the scenarios, under three memory models'
	@echo  '  explore-mutants - Take checks out one by one, and find what then breaks'
	@echo  '  bench		  - Measure the same faults here and on this machine'"'"'s kernel'
	@echo  '  bench-kconfig	  - Measure spf-conf beside the conf of a kernel tree: KCONFIG_TREE=dir'
	@echo  '  record	  - Record a program: make record DIR=dir CMD="command"'
	@echo  '  replay	  - Replay a recording: make replay TRACE=dir'
	@echo  ''
	@echo  'Architecture-specific targets ($(SRCARCH)):'
	@$(foreach c,$(sort $(notdir $(wildcard configs/*_defconfig))),$(if $(filter $(SRCARCH),$(SRCARCH-$(c))), \
		printf '  %-24s - Build for %s\n' $(c) $(c:_defconfig=);)) :
	@echo  ''
	@echo  '  make V=0|1 [targets] 0 => quiet build (default), 1 => verbose build'
	@echo  '  make O=dir [targets] Locate all output files in "dir", including .config'
	@echo  '  make ARCH=arch       Build for another architecture: $(ARCHES)'
	@echo  '  make ARGS="..."      Arguments for run, test, bench, kunit, check, coverage, record, replay,'
	@echo  '                       explore, explore-mutants, size, bloat-o-meter, diffconfig, testconfig'
	@echo  ''
	@echo  'run, test, bench and kunit make their own builds under build/, and need no .config.'
	@echo  ''
	@echo  'Execute "make" or "make all" to build all targets marked with [*]'
	@echo  'For further info see the ./README.md file and Documentation/configuration.md'

endif # one-by-one

PHONY += FORCE
FORCE:

.PHONY: $(PHONY)
