/** Something is wrong with the data folder; the message is one sentence that says what to do. */
export class StorageError extends Error {
  override readonly name = "StorageError";
}

/** Nothing more is accepted now: the queue of writes is full, the disk is full, or the appliance is stopping. */
export class StorageBusy extends Error {
  override readonly name = "StorageBusy";
}
