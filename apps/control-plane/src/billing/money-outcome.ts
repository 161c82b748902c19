import type { MoneyOutcome, RefundOutcome } from '@meridian/application';
import type { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { invalid } from '../http/validation.ts';
import type { MoneyAnswer } from './ledger.schemas.ts';
import { viewTransfer } from './money-view.ts';

/** What was posted, or the problem that says why nothing was. */
export function postedOrProblem(outcome: MoneyOutcome | RefundOutcome): z.output<typeof MoneyAnswer> {
  switch (outcome.kind) {
    case 'posted':
    case 'repeated':
      return { transfer: viewTransfer(outcome.transfer), repeated: outcome.kind === 'repeated' };
    case 'key_reused':
      throw new Problem(
        'idempotency_key_reused',
        'This Idempotency-Key was used for another amount or purpose; use a new one.',
      );
    case 'wrong_currency':
      throw new Problem('wrong_currency', `The tenant pays in ${outcome.currency}; use that currency.`, {
        errors: [
          { field: 'currency', message: 'is not what the tenant pays in', fix: `use ${outcome.currency}` },
        ],
      });
    case 'not_positive':
      throw invalid([{ field: 'amountNano', message: 'is not above 0', fix: 'use an amount above 0' }]);
    case 'not_found':
      throw new Problem(
        'transfer_not_found',
        'The tenant has paid nothing by a transfer with this id; find it in its ledger.',
      );
    case 'too_large':
      throw new Problem('refund_too_large', 'More would be given back than is left of the transfer.', {
        errors: [{ field: 'amountNano', message: 'is more than is left', fix: 'give back less' }],
      });
  }
}
