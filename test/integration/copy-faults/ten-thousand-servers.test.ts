import { describeTenThousand } from '../../support/copy/faults/describe-faults.ts';

describeTenThousand('Ten thousand messages whose servers fail at one call after another', 'cut', [
  'bye',
  'stall',
  'no',
  'bad',
  'done-but-no',
  'stored-20s-later',
  'stored-between-looks',
  'part-stored-cut',
]);
