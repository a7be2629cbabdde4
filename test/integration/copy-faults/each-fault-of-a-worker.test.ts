import { describeEachFault } from '../../support/copy/faults/describe-faults.ts';
import { faultsOfWorkers } from '../../support/copy/faults/io-calls.ts';

describeEachFault('A mailbox whose worker, or whose store, fails at any one call', faultsOfWorkers);
