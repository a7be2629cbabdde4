/**
 * Names at the top of a mailbox that are taken, though no folder is shown: "Files" is the service's own and hidden
 * (imapsync's FAQ.Office365), "Stagecoach import" is emptied whenever a mailbox is opened (mailbox/fasttransfer).
 */
export const reservedFolders: readonly string[] = ['Files', 'Stagecoach import'];
