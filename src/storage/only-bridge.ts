/** That this process is the only bridge on the database, from `beOnlyBridge` until it is disposed of or dies. */
export interface OnlyBridge extends AsyncDisposable {
  /** Why that is not sure at this moment, so that nothing may be sent; undefined where it is. PHI-free. */
  readonly problem: string | undefined;
  /** Rejects with the ConfigError where another bridge has the database by now; never resolves. */
  readonly failed: Promise<never>;
}
