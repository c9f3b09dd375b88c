/** What a Signifier looks like, in words. */
export const SIGNIFIER_FORM = '3 to 32 of A-Z, 0-9, _ and -';

/**
 * Whether a text may be a Signifier, the name by which SECAS knows a Party or RDP. No public text tells its form: this one is
 * unconfirmed, and what every way into the registry takes. `signifierPattern` of a rule set can only narrow it, for what goes into
 * certificates (docs/divergences.md).
 */
export const isSignifier = (text: string): boolean => /^[A-Z0-9_-]{3,32}$/.test(text);
