/** What each kind of matmul case gives, from its parameters alone. */
import type { Parameters } from '../../plan/model.ts';
import type { Case } from '../model.ts';

/** Kinds of case; second word of a case id. */
export type What = 'gemm' | 'soak' | 'memory' | 'transfer';

/** @throws {Error} when the id is not one of matmul's (a bug) */
export function whatOf(caseId: string): What {
  const [, what] = caseId.split('.');
  if (what === 'gemm' || what === 'soak' || what === 'memory' || what === 'transfer') return what;
  throw new Error(`${caseId} is not a case of matmul`);
}

/** @param parameters the case's own: {dtype, shape, devices} or {bytes, devices} */
export function matmulGives(what: What, parameters: Parameters): Case['gives'] {
  switch (what) {
    case 'gemm':
      return [
        give('matmul.gemm.throughput', { ...parameters, mode: 'sustained' }),
        give('matmul.gemm.throughput', { ...parameters, mode: 'boost' }),
        ...products(parameters),
      ];
    case 'soak':
      return [
        give('matmul.soak.throughput', parameters),
        give('matmul.soak.retention', parameters),
        ...products(parameters),
      ];
    case 'memory':
      return copies('memory', { ...parameters, operation: 'copy' });
    case 'transfer':
      return [
        ...copies('transfer', { ...parameters, direction: 'h2d' }),
        ...copies('transfer', { ...parameters, direction: 'd2h' }),
      ];
  }
}

function products(parameters: Parameters): Case['gives'] {
  return [
    give('matmul.gemm.correct', parameters, 'check'),
    give('matmul.gemm.reference', parameters, 'check'),
    give('matmul.gemm.digest', parameters, 'digest'),
  ];
}

function copies(what: 'memory' | 'transfer', parameters: Parameters): Case['gives'] {
  return [
    give(`matmul.${what}.bandwidth`, parameters),
    give(`matmul.${what}.correct`, parameters, 'check'),
  ];
}

function give(
  metric: string,
  parameters: Parameters,
  as: 'sample' | 'check' | 'digest' = 'sample',
): Case['gives'][number] {
  return { metric, per: 'accelerator', parameters, as };
}
