import fc from 'fast-check';
import { ServiceError } from '../../src/errors';
import { compileCondition } from '../../src/policy/condition';
import { parsePolicyDocument, parseTrustPolicy } from '../../src/policy/document';
import { compilePolicy, evaluate, evaluateTrust, type PolicySet } from '../../src/policy/evaluate';
import { explain } from '../../src/policy/explain';
import { compileTemplate, globMatches } from '../../src/policy/match';
import { RequestContext } from '../../src/policy/request-context';
import * as generate from './generators';
import { naiveCondition, naiveEvaluate, naiveTrust } from './naive-evaluator';

const RUNS = 2_000;

/** Counts what came up, so that a generator that no longer reaches a case fails its test. */
class Tally {
  readonly counts = new Map<string, number>();
  add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
  share(name: string): number {
    const total = [...this.counts.values()].reduce((sum, count) => sum + count, 0);
    return (this.counts.get(name) ?? 0) / total;
  }
}

const request = fc.record({
  action: generate.action,
  resource: generate.resource,
  context: generate.context,
});

function parseAll(raw: {
  permissions: readonly unknown[];
  sessionPolicies?: readonly unknown[] | undefined;
}): PolicySet {
  const parse = (document: unknown) => parsePolicyDocument(document, 'policyDocument');
  return {
    permissions: raw.permissions.map(parse),
    ...(raw.sessionPolicies && { sessionPolicies: raw.sessionPolicies.map(parse) }),
  };
}

describe('the engine and an evaluator written from the documentation', () => {
  test('make the same decision by the same statement', () => {
    const outcomes = new Tally();
    fc.assert(
      fc.property(request, generate.policies, (req, raw) => {
        const decision = evaluate(req, parseAll(raw));
        outcomes.add(decision.outcome);
        expect(decision).toEqual(naiveEvaluate(req, raw as never));
      }),
      { numRuns: RUNS },
    );
    for (const outcome of ['allow', 'explicitDeny', 'implicitDeny']) {
      expect(outcomes.share(outcome)).toBeGreaterThan(0.1);
    }
  });

  test('agree on each condition operator, with each qualifier and suffix', () => {
    const results = new Map<string, Tally>();
    fc.assert(
      fc.property(
        generate.condition,
        generate.context,
        fc.boolean(),
        ([operator, key, values], context, current) => {
          const version = current ? '2012-10-17' : '2008-10-17';
          const expected = ([] as unknown[]).concat(values).map(String);
          const holds = compileCondition(operator, key, expected, current)?.holds(
            new RequestContext(context),
          );
          const name = operator.replace(/^For\w+:/, '').replace(/IfExists$/, '');
          results.set(name, results.get(name) ?? new Tally());
          results.get(name)!.add(String(holds));
          expect([operator, holds]).toEqual([
            operator,
            naiveCondition(operator, key, values, { context, version }),
          ]);
        },
      ),
      { numRuns: 5 * RUNS },
    );
    expect(results.size).toBe(27);
    for (const [name, tally] of results) {
      expect([name, tally.share('true') > 0.1 && tally.share('false') > 0.1]).toEqual([name, true]);
    }
  });

  test('agree on who may assume a role', () => {
    const outcomes = new Tally();
    fc.assert(
      fc.property(generate.trustRequest, generate.trustDocument, (req, raw) => {
        const decision = evaluateTrust(parseTrustPolicy(raw, 'trustPolicy'), req);
        outcomes.add(decision.outcome);
        expect(decision).toEqual(naiveTrust(raw, req));
      }),
      { numRuns: RUNS },
    );
    for (const outcome of ['allow', 'explicitDeny', 'implicitDeny']) {
      expect(outcomes.share(outcome)).toBeGreaterThan(0.1);
    }
  });

  test('agree on which text a wildcard pattern matches', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', ':'), maxLength: 8 });
    const results = new Tally();
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        const source = pattern.replace(/[*?:]/g, (c) => ({ '*': '[^]*', '?': '[^]', ':': ':' })[c] as string);
        const matches = globMatches(compileTemplate(pattern, false).constant!, text);
        results.add(String(matches));
        expect(matches).toBe(new RegExp(`^${source}$`).test(text));
      }),
      { numRuns: 5 * RUNS },
    );
    expect(results.share('true')).toBeGreaterThan(0.03);
  });
});

describe('whatever the policies', () => {
  test('a session policy never adds to what the permissions allow', () => {
    fc.assert(
      fc.property(request, generate.policies, (req, raw) => {
        const { permissions, sessionPolicies } = parseAll(raw);
        const cut = evaluate(req, { permissions, sessionPolicies: sessionPolicies ?? [] });
        if (cut.outcome === 'allow') expect(evaluate(req, { permissions }).outcome).toBe('allow');
      }),
      { numRuns: RUNS },
    );
  });

  test('a further Deny statement never allows anything, and one on everything denies everything', () => {
    const everything = parsePolicyDocument(
      { Statement: { Effect: 'Deny', Action: '*', Resource: '*' } },
      'deny',
    );
    fc.assert(
      fc.property(request, generate.policies, (req, raw) => {
        const policies = parseAll(raw);
        const denied = evaluate(req, { ...policies, permissions: [...policies.permissions, everything] });
        expect(denied.outcome).toBe('explicitDeny');
      }),
      { numRuns: RUNS },
    );
  });

  test('the explanation has the decision, and the statements it marks as matched account for it', () => {
    fc.assert(
      fc.property(request, generate.policies, (req, raw) => {
        const policies = parseAll(raw);
        const { decision, statements } = explain(req, policies);
        expect(decision).toEqual(evaluate(req, policies));
        const matched = statements.filter((statement) => statement.matched);
        expect(matched.some(({ effect }) => effect === 'Deny')).toBe(decision.outcome === 'explicitDeny');
        if (decision.decidedBy) expect(matched).toContainEqual(expect.objectContaining(decision.decidedBy));
      }),
      { numRuns: RUNS },
    );
  });

  test('a value that is put into a variable reaches only the resources that are spelled the same', () => {
    const pattern = 'arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*';
    const policy = parsePolicyDocument(
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:*', Resource: pattern } },
      'policyDocument',
    );
    const name = fc.string({
      unit: fc.constantFrom('a', '*', '?', '$', '{', '}', ':', '/'),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(name, name, (team, folder) => {
        const resource = `arn:aws:s3:::bucket/${folder}/file`;
        const context = { 'aws:PrincipalTag/team': team };
        const { outcome } = evaluate(
          { action: 's3:GetObject', resource, context },
          { permissions: [policy] },
        );
        expect(outcome === 'allow').toBe(`${folder}/file`.startsWith(`${team}/`));
      }),
      { numRuns: RUNS },
    );
  });
});

describe('whatever is sent as a document', () => {
  const twisted = fc.tuple(generate.document, fc.nat(), fc.jsonValue()).map(([document, place, value]) => {
    const text = JSON.stringify(document);
    const words = [...text.matchAll(/"[^"]*"(?!:)/g)];
    const word = words[place % words.length]!;
    return text.slice(0, word.index) + JSON.stringify(value) + text.slice(word.index + word[0].length);
  });

  test('it is either refused with the path of its mistakes, or ready to be evaluated', () => {
    const results = new Tally();
    fc.assert(
      fc.property(fc.oneof(twisted, fc.jsonValue(), generate.document), (value) => {
        let document;
        try {
          document = parsePolicyDocument(value, 'policyDocument');
        } catch (error) {
          results.add('refused');
          expect(error).toBeInstanceOf(ServiceError);
          const { code, fields } = error as ServiceError;
          expect(code).toBe('MALFORMED_POLICY_DOCUMENT');
          expect(fields['field']).toMatch(/^policyDocument/);
          return;
        }
        results.add('accepted');
        expect(compilePolicy(document).statements.length).toBeGreaterThan(0);
      }),
      { numRuns: RUNS },
    );
    expect(results.share('refused')).toBeGreaterThan(0.2);
    expect(results.share('accepted')).toBeGreaterThan(0.2);
  });
});
