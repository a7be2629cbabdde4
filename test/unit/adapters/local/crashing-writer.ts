/** Child process of the crash tests: writes until it is killed. `node crashing-writer.ts <files|sqlite> <folder>`. */
import { join } from 'node:path';
import { FileObjectStore } from '../../../../shared/adapters/local/file-object-store.ts';
import { SqliteFile } from '../../../../shared/adapters/local/sqlite-state-table.ts';

const [, , kind, folder] = process.argv;
if (folder === undefined) throw new Error('no folder');
const size = 400_000;

/** Tells the parent what is durable by now. */
function done(number: number): void {
  process.stdout.write(`${number}\n`);
}

if (kind === 'files') {
  const objects = await FileObjectStore.open(folder);
  for (let number = 0; ; number += 1) {
    const octets = Buffer.alloc(size, number % 256);
    if (number % 2 === 0) await objects.create(`ledger/pair/${number}`, octets);
    else await objects.put('work/manifest', octets);
    done(number);
  }
} else {
  const table = SqliteFile.open(join(folder, 'state.db')).table('state');
  for (let number = 0; ; number += 1) {
    await Promise.all(
      [0, 1, 2].map((part) =>
        table.put({ partition: 'p', sort: `${number}-${part}` }, { number, text: 'x'.repeat(3000) }),
      ),
    );
    done(number);
  }
}
