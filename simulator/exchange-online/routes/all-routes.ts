import type { Route } from '../graph-call.ts';
import { attachmentRoutes } from './attachments.ts';
import { directoryRoutes } from './directory.ts';
import { mailFolderRoutes } from './mail-folders.ts';
import { mailboxSettingsRoutes } from './mailbox-settings.ts';
import { messageRoutes } from './messages.ts';
import { userRoutes } from './users.ts';

export const allRoutes: readonly Route[] = [
  ...directoryRoutes,
  ...userRoutes,
  ...mailboxSettingsRoutes,
  ...mailFolderRoutes,
  ...messageRoutes,
  ...attachmentRoutes,
];
