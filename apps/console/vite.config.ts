import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The page is served by the control plane, so in development its requests go there: `vite` beside `./meridian up`.
const controlPlane = process.env['MERIDIAN_URL'] ?? 'http://127.0.0.1:4400';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // The SDK is read from source, so that the page can be built before anything else is.
  resolve: { conditions: ['@meridian/source', 'module', 'browser', 'production', 'import', 'default'] },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2023' },
  server: { proxy: { '/v1': controlPlane, '/play/config.json': controlPlane } },
});
