/** Child process of the lock tests: takes the lock of the folder and holds it until it is killed. */
import { once } from 'node:events';
import { lockFolder } from '../../../../shared/adapters/local/folder-lock.ts';

const [, , folder] = process.argv;
if (folder === undefined) throw new Error('no folder');
const lock = await lockFolder(folder, { command: 'serve', since: new Date().toISOString() });
await lock.announce('http://127.0.0.1:4680');
process.stdout.write('locked\n');
process.stdin.resume();
await once(process.stdin, 'end');
