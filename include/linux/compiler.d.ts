// SPDX-License-Identifier: GPL-2.0-only
/**
 * The language that kernel files are written in: TypeScript and, of C, what it
 * lacks: structs in shared memory. Mirrors what the compiler, compiler_types.h
 * and rwonce.h give every kernel file without an #include; scripts/cc/ lowers it.
 *
 * A struct is an interface that extends `struct`. A value of its type is a
 * POINTER: a byte offset into RAM, NULL is 0, `a === b` compares addresses.
 * `vma.vm_start` is one load at a constant offset and `vma.vm_start = x` one
 * store. Offsets depend on the configuration and are computed by the build.
 */

declare const __struct: unique symbol;
/** Base of all structs that live in RAM. */
interface struct {
	readonly [__struct]: never;
}

/* ---- field types: the size of a field is the size of its type ---- */
/* No number has this property: it tells which types may become which. */
declare const __width: unique symbol;
/** 32 bits, signed; the only size that is atomic. */
type int = number & { readonly [__width]?: "int" };
/** 32 bits, unsigned. */
type u32 = number & { readonly [__width]?: "int" };
type u8 = number & { readonly [__width]?: "int" };
type u16 = number & { readonly [__width]?: "int" };
type bool = boolean; /* one byte */
/** 64 bits held as a double, exact to 2^53: user addresses, page offsets,
 *  page counts. Tear-free, never atomic, no operand of `&` or `>>`. An int may
 *  become one, not the other way: `x as int` says that it fits. */
type ulong = number & { readonly [__width]?: "int" | "ulong" };
/** A struct that lies inside another one: `vma.vm_rb` is its address. */
type embed<T> = T;
/** N elements in place: `zone.free_area[order]`. N: a literal or `typeof CONST`. */
type array<T, N extends number> = { [i: number]: T; readonly length: N };
/** A field that exists only in configurations with CONFIG symbol C set, or
 *  with "!CONFIG_X" where that is not set. */
type ifdef<C extends string, T> = T;
/** A struct laid over the field named: a C union's other member. */
type overlay<F extends string, T> = T;
/** A pointer to an immutable object or function of the kernel image (see RODATA). */
type rodata<T> = T;

/** The null pointer, of every pointer type. TypeScript lets it be a number,
 *  too; scripts/cc does not. */
declare const NULL: never;

/** CONFIG_X itself, as cpp expands it. */
declare function IS_ENABLED(flag: boolean): boolean;

/** Size of struct T in bytes, and the offset of one of its fields. */
declare function sizeof<T extends struct>(): number;
declare function offsetof<T extends struct>(field: keyof T & string): number;
/** The T whose (embedded) field lies at p. */
declare function container_of<T extends struct>(p: struct | number, field: keyof T & string): T;
/** Pointer arithmetic in units of T; cast from and to plain addresses. */
declare function ptr_add<T extends struct>(p: T, n: number): T;
declare function ptr_diff<T extends struct>(a: T, b: T): number;
declare function cast<T extends struct>(p: struct | number): T;
declare function uptr(p: struct): number;
/** *dst = *src: plain word-by-word copy of a struct (may race: see its caller). */
declare function struct_copy<T extends struct>(dst: T, src: T): void;
/** memset(p, 0, sizeof(T)). */
declare function struct_zero<T extends struct>(p: T): void;

/** A zeroed global variable in .data; only as `const x = DEFINE<T>()` at top level. */
declare function DEFINE<T extends struct>(): T;
/** One zeroed copy for each CPU; only at top level. Use through this_cpu/per_cpu. */
declare function DEFINE_PER_CPU<T extends struct>(): percpu<T>;
declare const __percpu: unique symbol;
interface percpu<T> {
	readonly [__percpu]: T;
}
declare function this_cpu<T extends struct>(p: percpu<T>): T;
declare function per_cpu<T extends struct>(p: percpu<T>, cpu: number): T;
/** A local struct variable on the kernel stack, zeroed, gone at the return to user mode. */
declare function STACK<T extends struct>(): T;
/** Give an immutable object or function an address, so that a field of type
 *  rodata<> can point at it; only as `const x = RODATA(...)` at top level. */
declare function RODATA<T extends object>(value: T): T;

/* ---- access: plain is a statement too. Each takes a FIELD, like the macro ---- */
declare function READ_ONCE<T>(field: T): T;
declare function WRITE_ONCE<T>(field: T, value: T): void;
/** A plain read that is allowed to race; the comment beside it says why. */
declare function data_race<T>(field: T): T;
declare function smp_load_acquire<T>(field: T): T;
declare function smp_store_release<T>(field: T, value: T): void;
declare function rcu_dereference<T>(field: T): T;
declare function rcu_assign_pointer<T>(field: T, value: T): void;
/* fully ordered read-modify-write on an `int` or pointer field; each returns the old value */
declare function xchg<T>(field: T, value: T): T;
declare function cmpxchg<T>(field: T, old: T, value: T): T;
declare function fetch_add(field: int, n: int): int;
declare function fetch_or(field: int, n: int): int;
declare function fetch_and(field: int, n: int): int;
/** &field, as a plain address: for futex-like waits and lock words. */
declare function ADDR<T>(field: T): number;
