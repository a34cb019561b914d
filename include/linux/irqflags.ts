// SPDX-License-Identifier: GPL-2.0-only
/**
 * Mirrors include/linux/irqflags.h and arch/x86/include/asm/irqflags.h (5.17).
 * Port: interrupts are inter-processor interrupts only, and are polled:
 * a CPU takes what is pending where it enables interrupts, and wherever it
 * spins, parks, enters or leaves the kernel with interrupts enabled. The word
 * that local_irq_save() returns is opaque to its callers.
 */
import { CONFIG_ARCH_HOST_STEPPER, CONFIG_SMP } from "generated/autoconf.ts";
import { irq_disable_step, irq_enable_step } from "host/model.ts";
import { irq_poll } from "kernel/smp.ts";

/** All fields: its CPU only. CPUs start with interrupts enabled. */
interface irq_data extends struct {
	disabled: int; /* 0 or 1 */
}
export const irq_flags = DEFINE_PER_CPU<irq_data>();

export function arch_local_save_flags(): number {
	return this_cpu(irq_flags).disabled;
}

/** Change the flag and take nothing: for interrupt entry and exit. */
export function arch_local_irq_restore(flags: number): void {
	const p = this_cpu(irq_flags);

	if (CONFIG_ARCH_HOST_STEPPER && flags !== p.disabled) {
		if (flags === 0)
			irq_enable_step();
		else
			irq_disable_step();
	}
	p.disabled = flags;
}

/** The flag alone, as the processor changes it around an interrupt. */
export function arch_irq_entry(): void {
	const p = this_cpu(irq_flags);

	p.disabled = 1;
}

export function arch_irq_return(flags: number): void {
	const p = this_cpu(irq_flags);

	p.disabled = flags;
}

export function local_irq_disable(): void {
	const p = this_cpu(irq_flags);

	if (CONFIG_ARCH_HOST_STEPPER && p.disabled === 0)
		irq_disable_step();
	p.disabled = 1;
}

export function local_irq_enable(): void {
	const p = this_cpu(irq_flags);

	if (CONFIG_ARCH_HOST_STEPPER && p.disabled !== 0)
		irq_enable_step();
	p.disabled = 0;
	if (CONFIG_SMP)
		irq_poll();
}

export function local_irq_save(): number {
	const p = this_cpu(irq_flags);
	const flags = p.disabled;

	if (CONFIG_ARCH_HOST_STEPPER && flags === 0)
		irq_disable_step();
	p.disabled = 1;
	return flags;
}

export function local_irq_restore(flags: number): void {
	const p = this_cpu(irq_flags);

	if (CONFIG_ARCH_HOST_STEPPER && flags === 0 && p.disabled !== 0)
		irq_enable_step();
	p.disabled = flags;
	if (CONFIG_SMP) {
		if (flags === 0)
			irq_poll();
	}
}

export function local_save_flags(): number {
	return arch_local_save_flags();
}

export function irqs_disabled_flags(flags: number): boolean {
	return flags !== 0;
}

export function irqs_disabled(): boolean {
	return this_cpu(irq_flags).disabled !== 0;
}
