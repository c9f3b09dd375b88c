import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The fenced blocks of a page of ours, in their order. @param page from the root of the repository */
export function codeBlocks(page: string): { readonly language: string; readonly text: string }[] {
  const text = readFileSync(path.join(__dirname, '..', '..', page), 'utf8');
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }));
}
