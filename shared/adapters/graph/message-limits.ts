/**
 * Octets of a message that Exchange Online takes where nobody has changed a limit, and what `Set-Mailbox -MaxReceiveSize`
 * can allow at most, https://learn.microsoft.com/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits
 * (message size limits).
 */
export const usualMessageLimit = 35 * 1024 * 1024;
export const mostMessageLimit = 150 * 1024 * 1024;
