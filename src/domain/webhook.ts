/** What a participant can be told of; `webhook.test` is told on demand and need not be chosen. */
export const WEBHOOK_EVENTS = [
  'batch.queued',
  'batch.paused',
  'batch.resumed',
  'batch.completed',
  'batch.cancelled',
  'batch.rejected',
  'batch.tampered',
  'application.referred',
  'application.refused',
  'application.issued',
  'application.partly_issued',
  'application.failed',
  'webhook.test',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** DISABLED: it failed for too long, and is told nothing until it is enabled again. */
export const WEBHOOK_STATES = ['ACTIVE', 'DISABLED', 'REMOVED'] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** GIVEN_UP: tried as often as it is tried, or its endpoint was disabled or removed. */
export const DELIVERY_STATES = ['PENDING', 'DELIVERED', 'GIVEN_UP'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/**
 * Where webhooks may go. `public`: https to addresses of the public internet; `private`: also to those of a private
 * network; `any`: also http, and this machine, for tests.
 */
export const WEBHOOK_TARGETS = ['public', 'private', 'any'] as const;
export type WebhookTargets = (typeof WEBHOOK_TARGETS)[number];
