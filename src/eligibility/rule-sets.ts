import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Fault } from '../domain/fault.ts';
import { invalidRuleSet, parseRuleSet, type RuleSet, type RuleSetTexts } from './rule-set.ts';

/** The folder of those that come with the service. */
export const RULE_SETS = path.join(__dirname, 'rule-sets');

/** Every version of the rules, each with the day from which it is in effect. */
export interface RuleSets {
  /** Oldest first. */
  readonly versions: readonly RuleSet[];
  /** The one in effect at an instant. @throws Fault `configuration-invalid` before the first of them */
  at(instant: Date): RuleSet;
  /** By its version; only those whose files are here. */
  find(version: string): RuleSet | undefined;
}

/**
 * Reads every rule set once, at start: a folder each, named as its version. The newest has a code for every rule; a rule
 * that an older one does not have was not yet a rule.
 * @throws Fault `configuration-invalid` with every fault of the first one that has some: file, line, field
 */
export function loadRuleSets(folder: string = RULE_SETS): RuleSets {
  const read = (name: string, complete: boolean) => {
    const place = path.join(folder, name);
    const ruleSet = parseRuleSet(readTexts(place), place, complete);
    if (ruleSet.version !== name) throw misplaced(place, `the folder is named ${name}`, 'version');
    return ruleSet;
  };
  const ruleSets = chooseAmong(readAll(foldersIn(folder), read), folder);
  // Which is the newest its day says, not its name.
  read(ruleSets.versions.at(-1)?.version ?? '', true);
  return ruleSets;
}

function readAll(names: readonly string[], read: (name: string, complete: boolean) => RuleSet): RuleSet[] {
  try {
    return names.map((name) => read(name, false));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Where the days cannot be read the last name has to do, so that everything is told that is wrong with it.
    return names.map((name) => read(name, name === names.at(-1)));
  }
}

/**
 * A key has one subject, whatever a rule set says: the database keeps it, and what would pass could not be recorded. Of those that are
 * over it is not asked; their decisions stand.
 * @throws Fault `configuration-invalid` when a rule set that is in effect, or will be, does not refuse the key of another subject
 */
export function requireKeysKept({ versions }: Pick<RuleSets, 'versions'>, now: Date): void {
  const isOver = (index: number) => beginning(versions[index + 1]) <= now.getTime();
  const faults = versions.flatMap(({ version, reasonCodes }, index) => {
    if (isOver(index) || reasonCodes.get(KEY_OF_ANOTHER)?.outcome === 'REFUSE') return [];
    const detail = `${KEY_OF_ANOTHER} has to be there, with the outcome REFUSE: a key has one subject`;
    return [{ file: path.join(version, 'reason-codes.yaml'), line: 1, field: 'outcome', detail }];
  });
  if (faults.length > 0) throw invalidRuleSet(faults);
}

/** The same for rule sets that are at hand. @throws Fault `configuration-invalid` when two would be in effect at once, or none ever */
export function chooseAmong(ruleSets: readonly RuleSet[], place: string): RuleSets {
  const versions = [...ruleSets].sort((left, right) => beginning(left) - beginning(right));
  const rival = versions.find((one, index) => index > 0 && beginning(versions[index - 1]) === beginning(one));
  if (rival !== undefined)
    throw misplaced(
      path.join(place, rival.version),
      'another version begins at the same instant',
      'effectiveFrom',
    );
  if (versions.length === 0) throw misplaced(place, 'there is no rule set', '');
  const newestFirst = [...versions].reverse();
  return {
    versions,
    find: (version) => versions.find((one) => one.version === version),
    at: (instant) => {
      const found = newestFirst.find((one) => beginning(one) <= instant.getTime());
      if (found !== undefined) return found;
      throw new Fault(
        'configuration-invalid',
        `No rule set is in effect at ${instant.toISOString()}; the first one begins on ${versions[0]?.effectiveFrom.toISOString().slice(0, 10) ?? ''}.`,
      );
    },
  };
}

const KEY_OF_ANOTHER = 'PUBLIC_KEY_REUSED';
const beginning = (ruleSet: RuleSet | undefined) => ruleSet?.effectiveFrom.getTime() ?? NaN;

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}

function readTexts(folder: string): RuleSetTexts {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return Object.fromEntries(
    names.map((name) => [path.basename(name, '.yaml'), readFileSync(path.join(folder, name), 'utf8')]),
  );
}

const misplaced = (place: string, detail: string, field: string) =>
  invalidRuleSet([{ file: path.join(place, 'rule-set.yaml'), line: 1, field, detail }]);
