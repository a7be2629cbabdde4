const hour = 3_600_000;
const day = 24 * hour;

/*
 * The times after which something happens to a batch by itself, each with where it comes from.
 */

/** Incremental pass of a batch that is synced: "once every 24 hours" (Microsoft, "Manage migration batches"). */
export const incrementalEveryMs = 24 * hour;

/** "Synced batches without administrator activity for 60 days are stopped" (Microsoft, "Manage migration batches"). */
export const expiresAfterMs = 60 * day;

/** "Do not start troubleshooting a stall before about 8 hours without progress" (Microsoft support, KB 10062). */
export const stalledAfterMs = 8 * hour;

/** Lost executions in a row without any progress between them after which a batch is stopped rather than resumed. */
export const mostLosses = 3;

/** Between two looks whether a worker is left: a lease that nobody renews ends after 90 s. */
export const settleLookSeconds = 15;
