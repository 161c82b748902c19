import type { ReactNode } from 'react';
import { Globe } from './globe.tsx';

/** The page before and between walks. */
export function Lobby({ children }: { children: ReactNode }) {
  return (
    <main className="lobby">
      <Globe />
      <nav className="lobby-nav" aria-label="For operators">
        <a href="/billing">Billing</a>
      </nav>
      <div className="lobby-text">
        <p className="wordmark">Meridian</p>
        <h1>Walk through a world that is imagined as you go</h1>
        <p className="lead">
          A learned model draws every frame in answer to what you do, twenty-five times a second, on a worker
          near you.
        </p>
        {children}
      </div>
    </main>
  );
}
