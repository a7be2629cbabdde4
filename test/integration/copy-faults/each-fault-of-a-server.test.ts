import { describeEachFault } from '../../support/copy/faults/describe-faults.ts';
import { faultsOfServers } from '../../support/copy/faults/io-calls.ts';

describeEachFault('A mailbox whose servers fail at any one call', faultsOfServers);
