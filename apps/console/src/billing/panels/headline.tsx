import type { Band, ConservationAnswer, LiveAnswer, UsageAnswer } from '../api/shapes.ts';
import type { Answer } from '../api/use-answer.ts';
import { BandGauge } from '../charts/band-gauge.tsx';
import { Figure } from '../panel/bits.tsx';
import { openBreaches } from '../views/conservation.ts';
import { headlineOf, placeInBand } from '../views/user-hour.ts';
import { countText, perHourText, percentText, shortMoneyText, unitsOf } from '../words/money.ts';
import { bandText } from '../words/sentences.ts';
import { dayText } from '../words/time.ts';
import type { Question } from './question.ts';

interface HeadlineProps {
  readonly question: Question;
  readonly whole: Answer<UsageAnswer>;
  readonly live: Answer<LiveAnswer>;
  readonly conservation: Answer<ConservationAnswer>;
  readonly currency: string;
}

const PLACES = {
  below: 'below the field',
  within: 'within the field',
  above: 'above the field',
  unknown: 'no use yet',
};

/** The figure that the page is for, and what stands behind it. */
export function HeadlinePart({ question, whole, live, conservation, currency }: HeadlineProps) {
  const { span, filters } = question;
  const head = headlineOf(whole.data?.rows ?? [], currency);
  const band: Band | undefined = whole.data?.band;
  const place = band === undefined ? 'unknown' : placeInBand(head.perUserHour, band);
  const open = conservation.data === undefined ? undefined : openBreaches(conservation.data).length;
  const isWaiting = whole.data === undefined || whole.isChanging;
  return (
    <section className={isWaiting ? 'headline changing' : 'headline'} aria-label="In short">
      <p className="eyebrow">
        {dayText(span.fromMs, filters.timeZone)} to {dayText(span.toMs - 1, filters.timeZone)}
      </p>
      <p className="headline-figure" data-testid="per-user-hour">
        {perHourText(head.perUserHour, currency)}
      </p>
      <p className="headline-what">a user-hour, with what stood idle</p>
      {band && (
        <>
          <BandGauge
            band={band}
            value={head.perUserHour}
            other={live.data?.perUserHourLoaded ?? null}
            isNumbered
          />
          <p className={place === 'above' ? 'headline-place warn' : 'headline-place'}>
            {PLACES[place]} <small>({bandText(band)})</small>
          </p>
        </>
      )}
      <dl className="tiles">
        <Figure what="now">
          <span className="live-dot" aria-hidden="true" />
          <span data-testid="live-per-user-hour">
            {perHourText(live.data?.perUserHourLoaded, live.data?.currency ?? currency)}
          </span>
        </Figure>
        <Figure what="user-hours">{countText(head.userHours)}</Figure>
        <Figure what="cost">{shortMoneyText(unitsOf(head.costNano + head.idleNano), currency)}</Figure>
        <Figure what="stood idle">{percentText(head.idleShare)}</Figure>
        <Figure what="in sessions">{perHourText(head.perUserHourOfSessions, currency)}</Figure>
        <Figure what="the bill adds up" tone={open === undefined ? undefined : open > 0 ? 'warn' : 'good'}>
          <span data-testid="conservation">
            {open === undefined ? '–' : open > 0 ? `no: ${open} open` : 'exactly'}
          </span>
        </Figure>
      </dl>
    </section>
  );
}
