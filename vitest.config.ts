import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Two cores: files run side by side in two processes; real clients and engines need generous limits.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['src/**/*.test.ts'] } },
      { extends: true, test: { name: 'real', include: ['test/**/*.test.ts'] } },
    ],
  },
})
