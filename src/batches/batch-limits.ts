/** How much a batch may be. Settings of the service; an agreement may have its own. */
export interface BatchLimits {
  /** CSRs; one more refuses the whole batch. */
  readonly items: number;
  /** Octets of one CSR as it was sent: PEM or Base64. */
  readonly csrOctets: number;
  /** Octets of one line of NDJSON, or of one record of CSV, without its end. */
  readonly lineOctets: number;
  /** Octets of the whole upload. */
  readonly uploadOctets: number;
}

/** 50,000 CSRs as in the live service (SEC Appendix M; SEC L8.2); the rest is DESIGN, several times what CSRs need. */
export const DEFAULT_BATCH_LIMITS: BatchLimits = {
  items: 50_000,
  csrOctets: 16 * 1024,
  lineOctets: 24 * 1024,
  uploadOctets: 256 * 1024 * 1024,
};
