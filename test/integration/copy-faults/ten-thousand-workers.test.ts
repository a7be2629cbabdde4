import { describeTenThousand } from '../../support/copy/faults/describe-faults.ts';

/** A worker that is frozen for good leaves its successor nothing to be met by: see each-fault-of-a-worker. */
describeTenThousand('Ten thousand messages whose worker and stores fail at one call after another', 'killed', [
  'part-stored-no',
  'stored-while-written-again',
  'stored-after-the-pass',
  'fails',
  'reply-lost',
  'made-twice',
  'killed-after',
  'frozen-for-a-slice',
]);
