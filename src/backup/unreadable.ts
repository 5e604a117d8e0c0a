/** A file is no backup that can be used, or a key no key. The message is one sentence that says what to do. */
export class BackupUnreadable extends Error {
  override readonly name = "BackupUnreadable";
}
