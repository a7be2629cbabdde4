// Loaded into a program in front of everything else (`node --import`): its clock is ahead by as many milliseconds as
// the file says that SHIFTED_CLOCK names, looked at every tenth of a second. Timers keep their pace.
import { readFileSync } from 'node:fs';

const RealDate = Date;
const file = process.env['SHIFTED_CLOCK'] ?? '';
let ahead = 0;

function look() {
  ahead = Number(readFileSync(file, 'utf8'));
}

class ShiftedDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + ahead);
    else super(...args);
  }

  static now() {
    return RealDate.now() + ahead;
  }
}

look();
setInterval(look, 100).unref();
globalThis.Date = ShiftedDate;
