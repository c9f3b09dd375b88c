import type { BatchNeeds } from '../needs.ts';
import { takeDrops, type DropFolder } from './drop-folder.ts';

/** Watches until it is stopped; trouble that lasts is told once. */
export function watchDrops(
  drops: DropFolder,
  needs: BatchNeeds,
  {
    onTaken,
    onTrouble,
  }: { readonly onTaken: () => void; readonly onTrouble: (error: unknown, place: string) => void },
): { stop(): Promise<void> } {
  let turn = Promise.resolve();
  let isIdle = true;
  let told: ReadonlySet<string> = new Set();
  const look = async () => {
    const troubles = new Map<string, { readonly error: unknown; readonly place: string }>();
    // The text of an error may have a name in it that is another one each time.
    const moved = await takeDrops(drops, needs, (error, place) =>
      troubles.set(`${place} ${(error as NodeJS.ErrnoException).code ?? ''}`, { error, place }),
    );
    for (const [trouble, { error, place }] of troubles) if (!told.has(trouble)) onTrouble(error, place);
    told = new Set(troubles.keys());
    if (moved > 0) onTaken();
    isIdle = true;
  };
  const timer = setInterval(() => {
    if (!isIdle) return;
    isIdle = false;
    turn = look();
  }, LOOK);
  return {
    stop: async () => {
      clearInterval(timer);
      await turn;
    },
  };
}

/** Milliseconds. */
const LOOK = 2000;
