/** A model version that some worker has registered with; kept after its last worker is gone. */
export interface ModelVersion {
  readonly model: string;
  readonly modelVersion: string;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly framesPerSecond: number;
  readonly actions: readonly string[];
  readonly stateBytes: number;
  readonly firstSeenAtMs: number;
}

export interface ModelCatalog {
  record(version: ModelVersion): Promise<void>;
  list(): Promise<readonly ModelVersion[]>;
}
