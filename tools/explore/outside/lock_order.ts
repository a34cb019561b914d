// SPDX-License-Identifier: GPL-2.0-only
/** The lock order that the head of kernel/mm/rmap.ts has, and whether lockdep has seen the same. */

/** A lock of the tree, inside of its parent. */
export interface Node {
	name: string;
	parent?: Node;
	/** Where the one is taken inside of the other. */
	where: string;
	/** No scenario gets there. */
	unseen: boolean;
}

export interface Written {
	nodes: Node[];
	innermost: string[];
}

export interface Order {
	outer: string;
	inner: string;
}

/** Lockdep's class of each name in the comment: a struct's field, or a variable, and the subclass. */
const CLASSES: Record<string, string> = {
	"mm->mmap_lock": "mm_struct.mmap_lock",
	"mm->page_table_lock": "mm_struct.page_table_lock",
	"mapping->i_mmap_rwsem": "address_space.i_mmap_rwsem",
	"mapping->i_pages_lock": "address_space.i_pages_lock",
	"anon_vma->rwsem": "anon_vma.rwsem",
	pte_lock: "page.ptl",
	"file->f_pos_lock": "file.f_pos_lock",
	"inode->i_rwsem": "inode.i_rwsem",
	"mapping->invalidate_lock": "address_space.invalidate_lock",
	tasklist_lock: "tasklist_lock",
	"task->alloc_lock": "task_struct.alloc_lock",
	oom_lock: "oom_lock",
	oom_adj_mutex: "oom_adj_mutex",
	oom_reaper_lock: "oom_data.oom_reaper_lock",
	inode_hash_lock: "inode_data.inode_hash_lock",
	"page_wait_queue->lock": "wait_queue_head.lock",
	"zone->lock": "zone.lock",
	"kmem_cache_node->list_lock": "kmem_cache_node.list_lock",
	"sem->wait_lock": "rw_semaphore.wait_lock",
	"percpu_counter->lock": "percpu_counter.lock",
	mm_all_locks_mutex: "mm_all_locks_data.mm_all_locks_mutex",
	"mm->mmu_notifier_lock": "mm_struct.mmu_notifier_lock",
	"subscriptions->lock": "mmu_notifier_subscriptions.lock",
	"mmu_mirror->lock": "mmu_mirror.lock",
	"wait_queue_head->lock": "wait_queue_head.lock",
	"lruvec->lru_lock": "lruvec.lru_lock",
	"bdi_writeback->list_lock": "bdi_writeback.list_lock",
};
/** Nobody waits for who reads under SRCU while he holds what the reader takes; and a variable of a scenario. */
const NO_LOCKS = /^(srcu|sem)$/;
/** A bit of page.flags: lockdep knows nothing of it, here as in Linux. */
const UNWATCHED = "page_lock";

function class_of(name: string): string {
	const [, lock, subclass = ""] = /^(.*?)(\/\d+)?$/.exec(name) as RegExpExecArray;
	if (!(lock in CLASSES)) throw new Error(`the head of rmap.ts has '${name}', which CLASSES does not know`);
	return CLASSES[lock] + subclass;
}

/** The tree of the comment, and the list below it. */
export function parse(text: string): Written {
	const [comment] = /Lock ordering in mm[\s\S]*?\*\//.exec(text) ?? [];
	if (comment === undefined) throw new Error("no 'Lock ordering in mm'");
	const nodes: Node[] = [];
	const path: Node[] = [];
	for (const [, indent, name, star, where = ""] of comment.matchAll(
		/^ \* ((?: {2})*)([\w>-]*(?:lock|rwsem|mutex)(?:\/\d)?)( \*)?(?:\s+\(((?:[^()]|\n \*\s)*)\))?$/gm,
	)) {
		path.length = Math.min(path.length, indent.length / 2);
		const node = { name, parent: path.at(-1), where, unseen: star !== undefined };
		nodes.push(node);
		path.push(node);
	}
	const [, list = ""] = /Innermost, everywhere: ([^.]*)\./.exec(comment) ?? [];
	return { nodes, innermost: list.split(/,[\s*]+/).filter(Boolean) };
}

/** What the comment and what was seen do not both have, a line for each. */
export function disagreements({ nodes, innermost }: Written, seen: readonly Order[]): string[] {
	const found: string[] = [];
	const key = (outer: string, inner: string) => `${outer} -> ${inner}`;
	const last = new Set(innermost.map(class_of));
	const allowed = new Set<string>();
	const known = new Set<string>(last);
	for (const node of nodes) {
		if (node.name === UNWATCHED) continue;
		const inner = class_of(node.name);
		known.add(inner);
		for (let up = node.parent; up !== undefined; up = up.parent)
			if (up.name !== UNWATCHED) allowed.add(key(class_of(up.name), inner));
	}
	const orders = new Set(seen.map((o) => key(o.outer, o.inner)));
	for (const { outer, inner } of seen) {
		if (NO_LOCKS.test(outer)) continue;
		if (!known.has(outer)) found.push(`${outer} is not written down, and ${inner} is taken inside of it`);
		else if (!known.has(inner)) found.push(`${inner} is not written down, and taken inside of ${outer}`);
		else if (last.has(outer)) found.push(`${outer} is to be innermost, and ${inner} is taken inside of it`);
		else if (!last.has(inner) && !allowed.has(key(outer, inner)))
			found.push(`${inner} is taken inside of ${outer}, which is not written down`);
	}
	for (const { name, parent, unseen } of nodes) {
		if (parent === undefined || [name, parent.name].includes(UNWATCHED)) continue;
		const order = key(class_of(parent.name), class_of(name));
		if (orders.has(order) === unseen)
			found.push(
				unseen
					? `${order} is seen: it needs no star`
					: `${order} is written down, and never seen`,
			);
	}
	return found;
}
