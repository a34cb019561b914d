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
# A line is printed aside: that nobody reads it any more is no reason to stop.
tell = (printf '  %-7s %s\n' '$(1)' '$(2)') 2>/dev/null || :;

# By default a short line for each step. V=1 shows the commands, V=2 says why a target is
# made again, -s says nothing at all.

ifeq ("$(origin V)","command line")
  KBUILD_VERBOSE := $(V)
endif
KBUILD_VERBOSE ?= 0

ifneq ($(filter-out 0 2,$(KBUILD_VERBOSE)),)
  Q :=
  say = @:
else
  Q := @
  say = @$(call tell,$(1),$(2)$(if $(why),$(space)- due to $(why)))
endif

# The one-letter options are the first word, if there are any.
ifneq ($(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),)
  Q := @
  say = @:
  silent := -s
  KBUILD_SILENT := 1
endif

# In a rule: why its target is made. FORCE is among what changed if its command did.
why = $(if $(filter 2,$(KBUILD_VERBOSE)),$(strip \
	$(if $(wildcard $@),$(or $(filter-out FORCE,$?),$(reason)),missing target)))
reason = command line change

export V := $(KBUILD_VERBOSE)
export KBUILD_SILENT

# Are two texts different?
empty :=
space := $(empty) $(empty)
differs = $(filter-out x$(subst $(space),|,$(1)),x$(subst $(space),|,$(2)))

MAKEFLAGS += --no-builtin-rules --no-print-directory

# --- Where things lie ---------------------------------------------------------------------
#
# srctree is where this file is. objtree is where everything generated goes: O=DIR, or
# $KBUILD_OUTPUT, or where make was called, which mostly is srctree.

this-makefile := $(lastword $(MAKEFILE_LIST))
srctree := $(realpath $(dir $(this-makefile)))
# Make takes them for several names, in a list of prerequisites as well as in PATH.
ifneq ($(words $(subst :, ,$(srctree))),1)
  $(error this tree lies in $(CURDIR), and make cannot build where a path has spaces or colons: move it)
endif

ifeq ("$(origin O)","command line")
  KBUILD_OUTPUT := $(O)
endif
objtree := .
ifneq ($(strip $(KBUILD_OUTPUT)),)
  ifneq ($(words $(subst :, ,$(KBUILD_OUTPUT))),1)
    $(error O=$(KBUILD_OUTPUT): the output directory cannot have spaces or colons in its name)
  endif
  not-made := $(shell mkdir -p '$(strip $(KBUILD_OUTPUT))' 2>&1 | sed 's/.*: //')
  ifneq ($(not-made),)
    $(error O=$(KBUILD_OUTPUT): the output directory cannot be made: $(not-made))
  endif
  objtree := $(realpath $(strip $(KBUILD_OUTPUT)))
  ifneq ($(words $(subst :, ,$(objtree))),1)
    $(error O=$(KBUILD_OUTPUT) is $(objtree): the output directory cannot have spaces or colons in its path)
  endif
else ifneq ($(realpath $(CURDIR)),$(srctree))
  objtree := $(realpath $(CURDIR))
endif
ifeq ($(objtree),$(srctree))
  objtree := .
endif
# What is run by us builds there, too.
KBUILD_OUTPUT := $(filter-out .,$(objtree))
export srctree KBUILD_OUTPUT

export PATH := $(srctree)/node_modules/.bin:$(PATH)

ifneq ($(realpath $(CURDIR)),$(srctree))

# Called elsewhere, with -f or by the Makefile that lies in an output directory: all is done
# from srctree. Names of files are meant as seen from here.
from-here = $(foreach v,A B TRACE DIR PATCHES,$(if $($(v)),$(v)='$(abspath $($(v)))'))
PHONY += $(MAKECMDGOALS) __sub-make
$(filter-out all,$(MAKECMDGOALS)) all: __sub-make
	@:

__sub-make:
	@$(MAKE) --no-print-directory -C $(srctree) O=$(objtree) $(from-here) $(MAKECMDGOALS)

else # called in srctree

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
no-node-goals := help clean mrproper distclean kernelversion kernelrelease tags
ifneq ($(filter-out $(no-node-goals),$(or $(MAKECMDGOALS),all)),)
  # Once for all makes that this one runs.
  ifneq ($(KBUILD_NODE),$(NODE))
    node-check := $(shell $(NODE) -p '(([a, b]) => (a > 20 || (a == 20 && b >= 19) ? "ok" : \
	process.version))(process.versions.node.split("."))' 2>/dev/null)
    ifeq ($(node-check),)
      $(error Node.js is needed (20.19 or later), and there is no "$(NODE)" here)
    endif
    ifneq ($(node-check),ok)
      $(error Node.js 20.19 or later is needed, and this is $(node-check))
    endif
    export KBUILD_NODE := $(NODE)
  endif
endif

# What npm writes last. If it is newer than both lists, the packages are those of the lists. Npm may
# wait for ever after Ctrl-C, so it is ended; what it has left is removed by the next one.
stamp := node_modules/.package-lock.json
$(stamp): package.json package-lock.json
	@if [ -L node_modules ]; then \
		echo "make: node_modules is a link to packages that are not those of package-lock.json;" \
			"remove the link" >&2; \
		exit 2; \
	fi
	$(call say,NPM,ci)
	$(Q)npm ci --no-audit --no-fund --no-progress --loglevel=error >/dev/null & npm=$$!; \
		trap 'exec 2>/dev/null; kill -KILL $$npm; wait $$npm; exit 130' INT TERM HUP; \
		wait $$npm && touch $@

# By path, since node is also run outside of the source tree.
TSX := $(NODE) --import $(srctree)/node_modules/tsx/dist/loader.mjs

# --- Configuration ------------------------------------------------------------------------

in-objtree = mkdir -p $(objtree) && cd $(objtree) &&

# In the output directory where nothing can be written here. One is enough for all builds
# that a program makes below that.
kconfig-here := $(shell test -w scripts/kconfig && echo y)
kconfig-top := $(if $(kconfig-here)$(filter .,$(objtree)),$(srctree),$(objtree))
KCONFIG_DIST := $(or $(KCONFIG_DIST),$(kconfig-top)/scripts/kconfig/dist)
export KCONFIG_DIST
conf = $(in-objtree) exec $(NODE) $(KCONFIG_DIST)/spf-conf.mjs $(silent)

# For plain node, which starts three times as fast as with TypeScript.
kconfig-sources := $(filter-out %_test.ts,$(wildcard scripts/kconfig/*.ts scripts/kconfig/*/*.ts))
kconfig := $(KCONFIG_DIST)/spf-conf.mjs
$(kconfig): $(kconfig-sources) | $(stamp) outputmakefile
	$(call say,BUNDLE,$(patsubst $(srctree)/%,%,$(KCONFIG_DIST)))
	$(Q)$(TSX) scripts/kconfig/build.ts $(KCONFIG_DIST)

# In a shell: says that a file cannot be written.
cannot = echo 'make: $(1) cannot be written: is the disk full, or the place read-only?' >&2; exit 2

# An output directory gets a Makefile, so that make can be called there, and a link to the
# sources.
PHONY += outputmakefile
outputmakefile:
ifneq ($(objtree),.)
	@set -e; cd $(objtree); \
	text='# Made by the Makefile of $(srctree): do not edit.'; \
	old=$$(head -n 1 Makefile 2>/dev/null || :); \
	if [ "$$old" != "$$text" ]; then \
		case "$$old" in ''|'# Made by the Makefile of '*) ;; \
		*) echo 'make: O=$(objtree): it has a Makefile of somebody else; choose another directory' >&2; \
			exit 2;; esac; \
		$(if $(silent),,$(call tell,GEN,Makefile)) \
		(printf '%s\n' "$$text" 'include $(srctree)/Makefile' > .tmp.$$$$.Makefile && \
			ln -fsn $(srctree) source && \
			([ -e .gitignore ] || printf '%s\n' '# This is an output directory.' '*' > .gitignore) && \
			mv .tmp.$$$$.Makefile Makefile) 2>/dev/null || \
			{ rm -f .tmp.$$$$.Makefile 2>/dev/null; $(call cannot,$(objtree)/Makefile); }; \
	fi
else
	@:
endif

simple-targets := config oldconfig olddefconfig listnewconfig helpnewconfig \
	allnoconfig allyesconfig allmodconfig alldefconfig randconfig \
	yes2modconfig mod2yesconfig mod2noconfig
PHONY += $(simple-targets) syncconfig savedefconfig defconfig menuconfig tinyconfig testconfig diffconfig bench-kconfig

config: $(kconfig)
	$(Q)$(conf) --oldaskconfig Kconfig

$(filter-out config,$(simple-targets)): $(kconfig)
	$(Q)$(conf) --$@ Kconfig

menuconfig: $(kconfig)
	$(Q)$(in-objtree) exec $(NODE) $(KCONFIG_DIST)/mconf.mjs $(silent) Kconfig

syncconfig: $(kconfig)
	$(call say,SYNC,include/config/auto.conf)
	$(Q)$(conf) --syncconfig Kconfig

savedefconfig: $(kconfig)
	$(Q)$(conf) --savedefconfig=defconfig Kconfig

defconfig: $(kconfig)
	$(if $(silent),,@(echo "*** Default configuration is based on '$(KBUILD_DEFCONFIG)'") 2>/dev/null || :)
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
merge = $(in-objtree) exec $(NODE) $(KCONFIG_DIST)/merge_config.mjs
fragment = $(firstword $(wildcard $(addsuffix /$(1),configs arch/$(SRCARCH)/configs)))
from-objtree = $(if $(filter-out .,$(objtree)),$(srctree)/)

%.config: $(kconfig) FORCE
	@$(if $(call fragment,$@),:,$(call no-such,$@,*.config))
	$(Q)$(merge) --update $(KCONFIG_CONFIG) $(from-objtree)$(call fragment,$@) $(if $(silent),>/dev/null)

# An expert is asked more, so that allnoconfig can refuse more; tiny.config then has its say.
tinyconfig: $(kconfig)
	$(Q)KCONFIG_ALLCONFIG=$(srctree)/configs/tiny-base.config $(MAKE) -f $(srctree)/Makefile allnoconfig
	$(Q)$(MAKE) -f $(srctree)/Makefile tiny.config

# As in the kernel: other processors of powerpc can be configured, and are not built.
ifeq ($(SRCARCH),powerpc)
PHONY += ppc64_randconfig
ppc64_randconfig: $(kconfig)
	$(Q)KCONFIG_ALLCONFIG=$(srctree)/arch/powerpc/configs/64-bit.config $(MAKE) -f $(srctree)/Makefile randconfig
endif

testconfig: $(stamp)
	$(Q)ava 'scripts/kconfig/**/*_test.ts' $(ARGS)

# spf-conf beside the conf of a kernel tree.
bench-kconfig: $(kconfig)
	$(Q)$(TSX) scripts/kconfig/bench.ts

# By default what the last change of the configuration has changed.
diffconfig: $(kconfig)
	@$(if $(filter 1,$(words $(A) $(B))), \
		echo 'make diffconfig: give both A=FILE and B=FILE or neither' >&2; exit 2,:)
	$(Q)$(if $(A),,cd $(objtree) &&) $(NODE) $(KCONFIG_DIST)/diffconfig.mjs $(ARGS) $(A) $(B)

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
	@(mkdir -p $(@D) && echo '$(arch-now)' > $@) 2>/dev/null || { $(call cannot,$@); }

$(auto-conf): $(dotconfig) $(arch-stamp) $(kconfig-files) $(kconfig)
	$(call say,SYNC,include/config/auto.conf)
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
$(Q)$(build-$(1)) $(if $(why),--due '$(why)')
@echo 'savedcmd_$(1) := $(call plain-command,$(1))' >> $(objtree)/.$(1).cmd
endef

$(objtree)/vmlinux.mjs $(objtree)/System.map &: $(call if-changed,vmlinux.mjs) | $(auto-conf) $(autoconf-ts)
	$(eval reason = $(if $(savedcmd_vmlinux.mjs),command line change,missing .cmd file))
	$(call make-bundle,vmlinux.mjs)

# Not at the same time as the other: both write into objtree.
$(objtree)/vmlinux.min.mjs: $(call if-changed,vmlinux.min.mjs) | $(auto-conf) $(autoconf-ts) $(objtree)/vmlinux.mjs
	$(eval reason = $(if $(savedcmd_vmlinux.min.mjs),command line change,missing .cmd file))
	$(call make-bundle,vmlinux.min.mjs)

ifneq ($(objtree),.)
PHONY += vmlinux.mjs vmlinux.min.mjs System.map
vmlinux.mjs vmlinux.min.mjs System.map: %: $(objtree)/%
endif

# --- Programs that make their own builds under build/ -------------------------------------

PHONY += run test bench kunit check coverage replay record explore explore-mutants
run test bench kunit check explore explore-mutants: $(stamp) | outputmakefile
	$(Q)set -f; exec $(TSX) scripts/$@.ts $(ARGS)

PHONY += series findings
series: $(stamp)
	$(Q)$(TSX) scripts/series.ts

findings: $(stamp)
	$(Q)set -f; exec $(TSX) scripts/findings.ts $(ARGS)

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
	$(Q)set -f; dir=$(abspath $(objtree))/build/coverage; rm -rf $$dir/tmp; \
		NODE_V8_COVERAGE=$$dir/tmp $(TSX) scripts/test.ts $(ARGS); status=$$?; \
		[ $$status -lt 2 ] || exit $$status; \
		set +f; whole=; for file in $$dir/tmp/*.json; do \
			tail -c 1 $$file | grep -q '}' || whole=no; \
		done; \
		[ -z "$$whole" ] && (echo >$$dir/whole && rm $$dir/whole) 2>/dev/null || { \
			rm -rf $$dir; $(call cannot,build/coverage); }; \
		said=$$({ c8 report --include 'scripts/**' --include 'tools/**' --include 'arch/host/**' \
			--temp-directory $$dir/tmp --reports-dir $$dir \
			--reporter text --reporter html >&3; } 2>&1) 3>&1 || { \
			printf '%s\n' "$$said" | sed -n 's/^\(Error: \)*\([^- ].*: .*\)/make coverage: \2/p' | \
				tail -n 1 >&2; \
			rm -rf $$dir; exit 2; }; \
		exit $$status

replay: $(stamp)
	@$(if $(TRACE),:,echo 'make replay: say which trace: make replay TRACE=DIR' >&2; exit 2)
	$(Q)$(NODE) bin/spf.mjs replay $(TRACE) $(ARGS)

record: $(stamp)
	@$(if $(and $(DIR),$(CMD)),:, \
		echo 'make record: say where to and what: make record DIR=DIR CMD="COMMAND"' >&2; exit 2)
	$(Q)$(NODE) bin/spf.mjs record $(ARGS) $(DIR) -- $(CMD)

# Patches beside the source.
PHONY += read bench-read
read: $(stamp)
	$(Q)$(NODE) bin/spf.mjs read $(ARGS) $(PATCHES)

bench-read: $(stamp)
	$(Q)$(TSX) tools/read/bench.ts

# Why a symbol has its value. 3: it cannot have the one that was asked for, which is an answer.
PHONY += why
why: $(stamp)
	@$(if $(SYMBOL),:,echo 'make why: say which symbol: make why SYMBOL=NAME' >&2; exit 2)
	$(Q)$(in-objtree) $(NODE) $(srctree)/bin/spf.mjs kconfig why $(ARGS) $(SYMBOL) || [ $$? -eq 3 ]

# For editors: where each name is defined.
PHONY += tags
tags:
	@ctags --version 2>/dev/null | grep -q 'Universal Ctags' || { \
		echo 'make tags: Universal Ctags is needed, and not here: install universal-ctags' >&2; exit 2; }
	$(call say,GEN,tags)
	$(Q)ctags --quiet=yes --languages=TypeScript,C -R --tag-relative=yes \
		--exclude=dist --exclude=generated -f $(objtree)/.tmp.tags \
		include kernel arch tools scripts bin && mv $(objtree)/.tmp.tags $(objtree)/tags || \
		{ rm -f $(objtree)/.tmp.tags; exit 2; }

# --- Cleaning -----------------------------------------------------------------------------

# clean removes what builds made, mrproper the configuration and what else was generated,
# distclean all that was not there after a clone.
PHONY += clean mrproper distclean
clean-files := $(addprefix $(objtree)/,vmlinux.mjs vmlinux.min.mjs vmlinux.mjs.map vmlinux.min.mjs.map \
	vmlinux.mjs.names.json vmlinux.min.mjs.names.json System.map .vmlinux.mjs.cmd .vmlinux.min.mjs.cmd \
	bench.json build .tmp.*)
mrproper-files := $(dotconfig) $(dotconfig).old $(dotconfig).*.tmp \
	$(addprefix $(objtree)/,include/config include/generated scripts/kconfig/dist defconfig tags)
distclean-files := $(if $(filter .,$(objtree)),node_modules coverage, \
	$(addprefix $(objtree)/,Makefile source .gitignore))

# Says CLEAN only if there is something to remove.
clean-up = $(foreach what,$(wildcard $(1)),$(if $(silent),,$(call tell,CLEAN,$(what))) rm -rf $(what) || exit 2;)

clean:
	$(Q)$(call clean-up,$(clean-files)) :

# Directories of an output directory that are empty then go, too.
mrproper: clean
	$(Q)$(call clean-up,$(mrproper-files)) :
	$(if $(filter .,$(objtree)),,$(Q)cd $(objtree) && \
		rmdir -p --ignore-fail-on-non-empty include scripts/kconfig 2>/dev/null || :)

distclean: mrproper
	$(Q)cd $(objtree) && find . -path ./node_modules -prune -o -path ./.git -prune -o -type f \
		\( -name '*~' -o -name '*.orig' -o -name '*.rej' -o -name '*.bak' -o -name '.*.sw?' \) \
		-exec rm -f {} +
	$(Q)$(call clean-up,$(distclean-files)) :

# --- Help ---------------------------------------------------------------------------------

PHONY += help kernelversion kernelrelease
kernelversion kernelrelease:
	@echo $(KERNELVERSION)

# Who reads on no longer, as "head" does, is no error.
help:
	@( \
	echo  'Cleaning targets:'; \
	echo  '  clean		  - Remove what a build made, keep the configuration'; \
	echo  '  mrproper	  - Remove all generated files and the configuration'; \
	echo  '  distclean	  - mrproper, and remove editor backups and node_modules'; \
	echo  ''; \
	echo  'Configuration targets:'; \
	echo  '  config	  - Update current config utilising a line-oriented program'; \
	echo  '  menuconfig	  - Update current config utilising a menu based program'; \
	echo  '  oldconfig	  - Update current config utilising a provided .config as base'; \
	echo  '  defconfig	  - New config with default from ARCH supplied defconfig'; \
	echo  '  savedefconfig   - Save current config as ./defconfig (minimal config)'; \
	echo  '  allnoconfig	  - New config where all options are answered with no'; \
	echo  '  allyesconfig	  - New config where all options are accepted with yes'; \
	echo  '  allmodconfig	  - New config selecting modules when possible (there are none: as allyesconfig)'; \
	echo  '  alldefconfig    - New config with all symbols set to default'; \
	echo  '  randconfig	  - New config with random answer to all options (KCONFIG_SEED=n repeats)'; \
	$(if $(filter powerpc,$(SRCARCH)),echo  '  ppc64_randconfig - The same for the processors that can be built';) \
	echo  '  yes2modconfig	  - Change answers from yes to mod if possible'; \
	echo  '  mod2yesconfig	  - Change answers from mod to yes if possible'; \
	echo  '  mod2noconfig	  - Change answers from mod to no if possible'; \
	echo  '  listnewconfig   - List new options'; \
	echo  '  helpnewconfig   - List new options and help text'; \
	echo  '  olddefconfig	  - Same as oldconfig but sets new symbols to their'; \
	echo  '		    default value without prompting'; \
	echo  '  tinyconfig	  - Configure the tiniest possible kernel'; \
	echo  '  syncconfig	  - Write include/config/auto.conf and include/generated/autoconf.ts'; \
	echo  '  diffconfig	  - Show what the last change changed, or A=FILE against B=FILE'; \
	echo  '  testconfig	  - Run Kconfig unit tests'; \
	echo  '  why		  - Say why a symbol has its value: make why SYMBOL=NAME'; \
	echo  ''; \
	echo  'Configuration topic targets:'; \
	for f in $(sort $(wildcard configs/*.config arch/$(SRCARCH)/configs/*.config)); do \
		if help=$$(grep -m1 '^# Help: ' $$f); then printf '  %-15s - %s\n' $${f##*/} "$${help#*: }"; fi; done; \
	echo  ''; \
	echo  'Other generic targets:'; \
	echo  '  all		  - Build all targets marked with [*]'; \
	echo  '* vmlinux	  - Build the kernel: vmlinux.mjs and System.map'; \
	echo  '  vmlinux.min.mjs - Build the kernel without names and white space'; \
	echo  '  run		  - Replay the sample with the feature on and off, side by side'; \
	echo  '  tags		  - Generate tags file for editors'; \
	echo  '  series	  - Write Documentation/series.md anew: what is here of each patch'; \
	echo  '  kernelversion	  - Output the version stored in Makefile'; \
	echo  '  kernelrelease	  - Output the release version string'; \
	echo  ''; \
	echo  'Static analysers:'; \
	echo  '  check		  - Check types, format, lint, and the rules of this tree (checkpatch)'; \
	echo  ''; \
	echo  'Sizes:'; \
	echo  '  size		  - Build a kernel for each symbol, and say what it costs (minutes)'; \
	echo  '  bloat-o-meter	  - Compare two builds: make bloat-o-meter A=DIR B=DIR'; \
	echo  ''; \
	echo  'Kernel selftest:'; \
	echo  '  test		  - Run all checks and tests'; \
	echo  '  kunit		  - Build a kernel with its unit tests and run them'; \
	echo  '  coverage	  - Run them, and report which lines of scripts and tools they reach'; \
	echo  ''; \
	echo  'Userspace tools targets:'; \
	echo  '  explore	  - Run every interleaving of the scenarios, under the memory models of ARCH'; \
	echo  '  explore-mutants - Take checks out one by one, and find what then breaks'; \
	echo  '  findings	  - Run the commands of Documentation/findings.md, and compare (minutes)'; \
	echo  '  bench		  - Measure the same faults here and on this machine'"'"'s kernel'; \
	echo  '  bench-read	  - Measure how fast a large series and a large mailbox are read'; \
	echo  '  bench-kconfig	  - Measure spf-conf beside the conf of a kernel tree: KCONFIG_TREE=dir'; \
	echo  '  record	  - Record a program: make record DIR=dir CMD="command"'; \
	echo  '  read		  - Read patches beside this source: make read PATCHES=file'; \
	echo  '  replay	  - Replay a recording: make replay TRACE=dir'; \
	echo  ''; \
	echo  'Architecture-specific targets ($(SRCARCH)):'; \
	$(foreach c,$(sort $(notdir $(wildcard configs/*_defconfig))),$(if $(filter $(SRCARCH),$(SRCARCH-$(c))), \
		printf '  %-24s - Build for %s\n' $(c) $(c:_defconfig=);)) \
	echo  ''; \
	echo  '  make V=0|1|2 [targets] 0 => quiet build (default), 1 => verbose build,'; \
	echo  '                       2 => give reason for rebuild of target'; \
	echo  '  make O=dir [targets] Locate all output files in "dir", including .config'; \
	echo  '  make ARCH=arch       Another architecture: $(ARCHES)'; \
	echo  '  make ARGS="..."      Arguments for run, test, bench, kunit, check, coverage, record, replay,'; \
	echo  '                       explore, explore-mutants, findings, size, bloat-o-meter, diffconfig,'; \
	echo  '                       testconfig, why'; \
	echo  ''; \
	echo  'run, test, bench and kunit make their own builds under build/ (of O=dir), and need no .config.'; \
	echo  ''; \
	echo  'Execute "make" or "make all" to build all targets marked with [*]'; \
	echo  'For further info see the ./README.md file and Documentation/configuration.md'; \
	) 2>/dev/null | cat || [ $$? -eq 141 ]

endif # one-by-one

endif # called in srctree

PHONY += FORCE
FORCE:

.PHONY: $(PHONY)
