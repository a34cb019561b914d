// SPDX-License-Identifier: GPL-2.0-only
//
// Tests of merge_config.ts: what fragments change, and what is said about it.

import test from 'ava';
import { sandbox } from './testutil.ts';

const KCONFIG = `config A
	bool "a"
	default y
config B
	bool "b"
	depends on A
config N
	int "n"
	range 1 9
	default 5
config AUTO
	def_bool A
`;

const BASE = 'CONFIG_A=y\nCONFIG_B=y\nCONFIG_N=5\nCONFIG_AUTO=y\n';

function merge(fragment: string, ...flags: string[]) {
	const box = sandbox({ Kconfig: KCONFIG, '.config': BASE, 'f.config': fragment });
	const outcome = box.merge(...flags, 'Kconfig', 'f.config');
	const config = box.read('.config') ?? '';
	box.remove();
	return { ...outcome, config };
}

test('a redefined value is named, the rest follows', (t) => {
	const { code, out, config } = merge('# Help: no a\n# CONFIG_A is not set\n');
	t.is(code, 0);
	t.is(
		out,
		'Using .config as base\nMerging f.config\n' +
			'Value of CONFIG_A is redefined by fragment f.config:\n' +
			'Previous  value: CONFIG_A=y\nNew value:       # CONFIG_A is not set\n\n' +
			'#\n# configuration written to .config\n#\n',
	);
	t.regex(config, /^# CONFIG_A is not set\nCONFIG_N=5\n$/m);
});

test('a value that does not come out is named, with the reason', (t) => {
	const { code, out } = merge(
		'# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_AUTO=y\nCONFIG_N=12\n',
		'-Q',
	);
	t.is(code, 0);
	const lines =
		'Value requested for CONFIG_B not in final .config\n' +
		'Requested value:  CONFIG_B=y\nActual value:     \nReason:           depends on A [=n]\n';
	t.true(out.includes(lines));
	t.regex(out, /CONFIG_AUTO=y\nActual value: {5}\nReason: {11}AUTO has no prompt/);
	t.regex(
		out,
		/Requested value: {2}CONFIG_N=12\nActual value: {5}CONFIG_N=9\nReason: {11}out of range/,
	);
});

test('not being there counts as not set', (t) => {
	const { out } = merge('# CONFIG_A is not set\n# CONFIG_B is not set\n', '-Q');
	t.notRegex(out, /requested/);
});

test('what does not exist, or cannot be, is an error and nothing is written', (t) => {
	const unknown = merge('\nCONFIG_NOSUCH=y\n');
	t.is(unknown.code, 2);
	t.is(unknown.err, 'f.config:2: there is no symbol CONFIG_NOSUCH\n');
	t.is(unknown.config, BASE);
	const type = 'is not a value for a symbol of type';
	t.is(merge('CONFIG_N=x\n').err, `f.config:1: CONFIG_N: 'x' ${type} integer\n`);
	t.is(merge('CONFIG_A=m\n').err, `f.config:1: CONFIG_A: 'm' ${type} bool\n`);
	t.is(merge('rubbish\n').err, 'f.config:1: unexpected data: rubbish\n');
});

test('strict mode, and a fragment that is not there', (t) => {
	const strict = merge('# CONFIG_A is not set\n', '-s');
	t.is(strict.code, 1);
	t.is(strict.config, BASE);
	const box = sandbox({ Kconfig: KCONFIG });
	const { code, err } = box.merge('Kconfig', 'nowhere.config');
	t.is(code, 2);
	t.regex(err, /The merge file 'nowhere\.config' does not exist\. {2}Exit\.\n$/);
	box.remove();
});
