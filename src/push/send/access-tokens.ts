import { codeWord, noAnswerOutcome, NoAnswerError, outcomeOf, SettledError, type Answer } from './answer';

/** Seconds before its end that an access token is no longer used. */
const MARGIN = 60;

/**
 * The OAuth2 access token that one sender uses: asked for when it is needed, shared by all who need it at the same
 * time, and kept until a minute before its end.
 */
export class AccessTokens {
  #asked: Promise<string> | undefined;
  #value: string | undefined;
  #expiresAt = 0;

  /** `service` is whom `ask` asks, for reasons. */
  constructor(
    private readonly service: string,
    private readonly ask: () => Promise<Answer>,
    private readonly now: () => Date,
  ) {}

  /**
   * Asks by `question` with an access token, and once more with a new one when the answer is 401: a platform may end
   * a token before its time.
   * @throws SettledError when there is no access token to be had.
   */
  async use(question: (token: string) => Promise<Answer>): Promise<Answer> {
    const token = await this.#current();
    const answer = await question(token);
    if (answer.status !== 401) return answer;
    if (this.#value === token) this.#forget();
    return question(await this.#current());
  }

  #current(): Promise<string> {
    if (this.#asked === undefined || this.now().getTime() >= this.#expiresAt) {
      this.#expiresAt = Infinity;
      const asked = this.#fetch();
      asked.catch(() => this.#forget());
      this.#asked = asked;
    }
    return this.#asked;
  }

  async #fetch(): Promise<string> {
    const answer = await this.ask().catch((error: unknown) => {
      throw error instanceof NoAnswerError ? new SettledError(noAnswerOutcome(this.service, error)) : error;
    });
    const { access_token: token, expires_in: seconds } = membersOf(answer.body);
    const outcome = outcomeOf(this.service, answer, codeWord(membersOf(answer.body).error));
    if (outcome.kind !== 'SENT') throw new SettledError(outcome);
    if (typeof token !== 'string' || typeof seconds !== 'number')
      throw new SettledError({ kind: 'RETRY', reason: `${this.service} answered without an access token.` });
    this.#value = token;
    this.#expiresAt = this.now().getTime() + (seconds - MARGIN) * 1000;
    return token;
  }

  #forget(): void {
    this.#asked = undefined;
    this.#value = undefined;
  }
}

const membersOf = (body: unknown): Record<string, unknown> => (body ?? {}) as Record<string, unknown>;
