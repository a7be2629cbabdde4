import type { Route } from '../graph-call.ts';
import { adminExchangeRoutes } from './admin-exchange.ts';
import { attachmentRoutes } from './attachments.ts';
import { calendarRoutes } from './calendars.ts';
import { contactFolderRoutes } from './contact-folders.ts';
import { contactRoutes } from './contacts.ts';
import { directoryRoutes } from './directory.ts';
import { eventRoutes } from './events.ts';
import { mailFolderRoutes } from './mail-folders.ts';
import { mailboxSettingsRoutes } from './mailbox-settings.ts';
import { messageRoutes } from './messages.ts';
import { todoListRoutes } from './todo-lists.ts';
import { todoTaskRoutes } from './todo-tasks.ts';
import { userRoutes } from './users.ts';

export const allRoutes: readonly Route[] = [
  ...directoryRoutes,
  ...userRoutes,
  ...mailboxSettingsRoutes,
  ...mailFolderRoutes,
  ...messageRoutes,
  ...attachmentRoutes,
  ...contactFolderRoutes,
  ...contactRoutes,
  ...calendarRoutes,
  ...eventRoutes,
  ...todoListRoutes,
  ...todoTaskRoutes,
  ...adminExchangeRoutes,
];
