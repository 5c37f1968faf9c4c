import sqlite3 from 'sqlite3';

type OpenCallback = (this: sqlite3.Database, error: Error | null) => void;

/**
 * Set on every connection, before anything else is asked of it. Each commit is on the disk when it returns (`synchronous`), deleted bytes are overwritten
 * (`secure_delete`), REPLACE cannot get around the triggers of the append-only tables (`recursive_triggers`).
 */
const SETTINGS = `
  PRAGMA busy_timeout = 10000;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = ON;
  PRAGMA recursive_triggers = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA temp_store = MEMORY;
`;

/** A `dialectModule` for Sequelize, and the means to end what it keeps open. */
export interface SqliteModule {
  readonly module: typeof sqlite3;
  /** From here on a closed connection is closed. */
  readonly drain: () => Promise<void>;
}

/**
 * The sqlite3 package with connections set up as above. Sequelize opens a connection for every transaction and closes it afterwards; that reads the
 * schema again each time, so closed ones are kept and handed out again.
 */
export function createSqliteModule(): SqliteModule {
  const idle: KeptConnection[] = [];
  let isDraining = false;

  class KeptConnection extends sqlite3.Database {
    #isClosed = false;

    constructor(path: string, mode: number, opened: OpenCallback) {
      const kept = idle.pop();
      if (kept !== undefined) {
        queueMicrotask(() => opened.call(kept, null));
        return kept;
      }
      super(path, mode, (error) => {
        this.#isClosed = Boolean(error);
        if (error) opened.call(this, error);
        else this.exec(SETTINGS, (fault) => opened.call(this, fault));
      });
    }

    override close(closed?: (error: Error | null) => void): void {
      if (!isDraining) idle.push(this);
      else this.destroy(closed);
    }

    /** Really closes, which rolls an open transaction back. */
    destroy(closed?: (error: Error | null) => void): void {
      if (this.#isClosed) return closed?.(null);
      this.#isClosed = true;
      super.close(closed);
    }
  }

  return {
    module: { ...sqlite3, Database: KeptConnection as unknown as typeof sqlite3.Database },
    async drain() {
      isDraining = true;
      await Promise.all(idle.splice(0).map((kept) => new Promise<void>((resolve) => kept.destroy(() => resolve()))));
    },
  };
}

/** Ends a connection whose transaction is in an unknown state; for others nothing happens. */
export function destroyConnection(connection: unknown): Promise<void> {
  return new Promise((resolve) => {
    const { destroy } = connection as { destroy?: (closed: () => void) => void };
    if (typeof destroy === 'function') destroy.call(connection, resolve);
    else resolve();
  });
}
