/**
 * Mailboxes that change between and during their passes as chance has it, more of them than the test suite has time for:
 *
 *   node test/exhaustive/lives.ts [--circumstances NAME ...] [--from 1] [--count 1000] [--stories]
 *
 * Prints the story of each life that ended badly, and how many ended how; the exit code is 1 where one ended badly.
 * `--stories`: prints all.
 */
import { parseArgs } from 'node:util';
import { circumstances, circumstancesNames, type CircumstancesName } from '../support/copy/lives/circumstances.ts';
import { describeEnding, live } from '../support/copy/lives/life.ts';

const { values } = parseArgs({
  options: {
    circumstances: { type: 'string', multiple: true },
    from: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
    stories: { type: 'boolean', default: false },
  },
});

function isName(name: string): name is CircumstancesName {
  return circumstancesNames.some((known) => known === name);
}

const chosen = values.circumstances ?? circumstancesNames;
const from = Number(values.from);
for (const name of chosen) {
  if (!isName(name))
    throw new Error(`There are no such circumstances: ${name}. There are: ${circumstancesNames.join('; ')}`);
  const endings = new Map<string, number>();
  for (let seed = from; seed < from + Number(values.count); seed += 1) {
    const ending = await live(seed, circumstances[name]);
    const bad = describeEnding(seed, ending);
    if (bad !== undefined) process.exitCode = 1;
    if (bad !== undefined || values.stories) console.log([`${name}: ${bad ?? ''}`, ...ending.story].join('\n  '));
    const kind = bad !== undefined ? 'badly' : ending.job.green === true ? 'green' : (ending.job.error?.code ?? '');
    endings.set(kind, 1 + (endings.get(kind) ?? 0));
  }
  console.log(name, Object.fromEntries(endings));
}
