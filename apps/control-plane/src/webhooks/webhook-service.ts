// What both webhook controllers do, each in its own scope (S1): a tenant's own webhooks, or all of them.
import type {
  DeliveryStatus,
  ManageWebhooks,
  NewWebhook,
  WebhookScope,
  Webhooks,
} from '@meridian/application';
import type { WebhookDeliveryId, WebhookId } from '@meridian/domain';
import { WEBHOOKS_MAX } from '@meridian/application';
import { IdParam } from '../http/id-param.ts';
import { Problem } from '../http/problem.ts';
import { invalid } from '../http/validation.ts';
import { viewDelivery, viewWebhook } from './webhook-view.ts';

const noWebhook = () =>
  new Problem('webhook_not_found', 'There is no webhook with this id here; list those that there are.');
const noDelivery = () =>
  new Problem(
    'webhook_delivery_not_found',
    'This webhook has no delivery with this id; list its deliveries.',
  );

export const WEBHOOK_ID = new IdParam<WebhookId>(/^whk_[a-z2-7]{1,52}$/, noWebhook);
export const DELIVERY_ID = new IdParam<WebhookDeliveryId>(/^dlv_[a-z2-7]{1,52}$/, noDelivery);

export class WebhookService {
  readonly #webhooks: Webhooks;
  readonly #manage: ManageWebhooks;

  constructor(webhooks: Webhooks, manage: ManageWebhooks) {
    this.#webhooks = webhooks;
    this.#manage = manage;
  }

  async create(asked: NewWebhook) {
    const made = await this.#manage.create(asked);
    if (made.kind === 'address_refused') {
      const fix = 'use an https address on the public internet, without user name or password';
      throw invalid([{ field: 'url', message: made.reason, fix }]);
    }
    if (made.kind === 'too_many') {
      throw new Problem(
        'too_many_webhooks',
        `There are ${WEBHOOKS_MAX} webhooks; delete one that is not used.`,
      );
    }
    return { ...viewWebhook(made.webhook), secret: made.secret };
  }

  async list(scope: WebhookScope) {
    return { webhooks: (await this.#webhooks.list(scope)).map(viewWebhook) };
  }

  async remove(scope: WebhookScope, webhookId: WebhookId): Promise<void> {
    if (!(await this.#webhooks.remove(scope, webhookId))) throw noWebhook();
  }

  async deliveries(scope: WebhookScope, webhookId: WebhookId, limit: number, status?: DeliveryStatus) {
    if (!(await this.#webhooks.find(scope, webhookId))) throw noWebhook();
    return { deliveries: (await this.#webhooks.deliveries(webhookId, limit, status)).map(viewDelivery) };
  }

  async replay(scope: WebhookScope, webhookId: WebhookId, deliveryId: WebhookDeliveryId) {
    if (!(await this.#webhooks.find(scope, webhookId))) throw noWebhook();
    const replayed = await this.#manage.replay(scope, webhookId, deliveryId);
    if (!replayed) throw noDelivery();
    return viewDelivery(replayed);
  }

  async test(scope: WebhookScope, webhookId: WebhookId) {
    const tested = await this.#manage.test(scope, webhookId);
    if (!tested) throw noWebhook();
    return viewDelivery(tested);
  }
}
