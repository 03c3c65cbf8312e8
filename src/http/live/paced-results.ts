import type { FormattedExecutionResult } from 'graphql';
import { toFormatted } from '../../graphql/format-error';
import type { Opened, Results } from '../../graphql/open-subscription';

type Answer = IteratorResult<FormattedExecutionResult, void>;

/**
 * The answers of a subscription as an event stream sends them: one when the one before has gone out, whoever asks
 * earlier, and errors that end the subscription, or that it did not begin for, as the last answer.
 */
export class PacedResults implements Results {
  private readonly source: Results | undefined;
  private last: FormattedExecutionResult | undefined;
  private gone: Promise<void> = Promise.resolve();
  private goes: () => void = () => undefined;

  constructor(opened: Opened) {
    if (opened.errors) this.last = { errors: opened.errors };
    else this.source = opened.results;
  }

  /** Says that the last answer has gone out. */
  sent(): void {
    this.goes();
  }

  async next(): Promise<Answer> {
    await this.gone;
    const answer = await this.answer();
    this.gone = new Promise((resolve) => (this.goes = resolve));
    return answer;
  }

  private async answer(): Promise<Answer> {
    if (!this.source) return this.takeLast();
    try {
      return await this.source.next();
    } catch (error) {
      return { done: false, value: { errors: [toFormatted(error)] } };
    }
  }

  private takeLast(): Answer {
    const { last } = this;
    this.last = undefined;
    return last ? { done: false, value: last } : { done: true, value: undefined };
  }

  async return(): Promise<Answer> {
    this.goes();
    await this.source?.return();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<Answer> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
