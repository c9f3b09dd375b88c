/**
 * Lets those who ask the same at about the same time have one answer, a failure too.
 *
 * @param milliseconds  so long after it was asked an answer is good
 * @returns             answers the question of a key, and asks only where nobody has just asked it
 */
export function shareAnswers<Answer>(
  milliseconds: number,
): (key: string, ask: () => Promise<Answer>) => Promise<Answer> {
  const answers = new Map<string, Promise<Answer>>();
  return (key, ask) => {
    const known = answers.get(key);
    if (known !== undefined) return known;
    const asked = ask();
    answers.set(key, asked);
    setTimeout(() => answers.delete(key), milliseconds).unref();
    return asked;
  };
}
