export { backupBeforeMigration } from "./before-migration.ts";
export { type BackupKey, readKey, readKeyFile } from "./key.ts";
export { makeBackup } from "./make.ts";
export { openBackup } from "./open.ts";
export { restoreBackup } from "./restore.ts";
export { newestBackup, ScheduledBackups, type ScheduleParts } from "./scheduled.ts";
export { tellRestores } from "./told.ts";
export { BackupUnreadable } from "./unreadable.ts";
