/**
 * NVIDIA's XID events, and whose they are.
 * @see https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html
 * The application class begins with the list that NVIDIA's device plugin skips (13, 31, 43, 45, 68, 109;
 * NVIDIA/k8s-device-plugin), and adds what the catalogue answers with "restart the application".
 */

/** hardware: the node answers. application: the program, unless it repeats on another one. */
export type XidClass = 'hardware' | 'application' | 'informational';

/** One row of the catalogue. */
export interface Xid {
  readonly code: number;
  /** NVIDIA's mnemonic, or that of the range it stands in. */
  readonly name: string;
  readonly class: XidClass;
}

/** Edition of the table: a change of a class changes verdicts. */
export const XID_VERSION = '2025-11: NVIDIA XID catalogue for A100 … GB200';

function rows(kind: XidClass, names: Readonly<Record<number, string>>): readonly Xid[] {
  return Object.entries(names).map(([code, name]) => ({ code: Number(code), name, class: kind }));
}

function range(kind: XidClass, from: number, to: number, name: string): readonly Xid[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({
    code: from + index,
    name,
    class: kind,
  }));
}

/** All that is known, by code. */
export const xids: readonly Xid[] = [
  ...rows('application', {
    8: 'ROBUST_CHANNEL_FIFO_ERROR_IDLE_TIMEOUT',
    13: 'ROBUST_CHANNEL_GR_EXCEPTION',
    31: 'ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT',
    32: 'ROBUST_CHANNEL_PBDMA_ERROR',
    43: 'ROBUST_CHANNEL_RESETCHANNEL_VERIF_ERROR',
    45: 'ROBUST_CHANNEL_PREEMPTIVE_REMOVAL',
    60: 'ROBUST_CHANNEL_SEC2_ERROR',
    68: 'ROBUST_CHANNEL_NVDEC0_ERROR',
    69: 'ROBUST_CHANNEL_GR_CLASS_ERROR',
    80: 'PBDMA_PUSHBUFFER_CRC_MISMATCH',
    109: 'ROBUST_CHANNEL_CTXSW_TIMEOUT_ERROR',
    139: 'ROBUST_CHANNEL_OFA1_ERROR',
  }),
  ...range('application', 39, 41, 'ROBUST_CHANNEL_CE_ERROR'),
  ...range('application', 70, 72, 'ROBUST_CHANNEL_CE_ERROR'),
  ...range('application', 75, 77, 'ROBUST_CHANNEL_CE_ERROR'),
  ...range('application', 82, 86, 'ROBUST_CHANNEL_ENGINE_ERROR'),
  ...range('application', 88, 89, 'ROBUST_CHANNEL_NVDEC_ERROR'),
  ...range('application', 96, 105, 'ROBUST_CHANNEL_ENGINE_ERROR'),
  ...range('application', 126, 135, 'ROBUST_CHANNEL_CE_ERROR'),
  ...rows('hardware', {
    46: 'ROBUST_CHANNEL_GPU_TIMEOUT_ERROR',
    48: 'ROBUST_CHANNEL_GPU_ECC_DBE',
    54: 'SILENT_RUNNING_PWR_REDUCED_CLOCKING',
    62: 'PMU_HALT_ERROR',
    64: 'INFOROM_DRAM_RETIREMENT_FAILURE',
    74: 'NVLINK_ERROR',
    79: 'ROBUST_CHANNEL_GPU_HAS_FALLEN_OFF_THE_BUS',
    92: 'EXCESSIVE_SBE_INTERRUPTS',
    94: 'ROBUST_CHANNEL_CONTAINED_ERROR',
    95: 'ROBUST_CHANNEL_UNCONTAINED_ERROR',
    110: 'SEC_FAULT_ERROR',
    119: 'GSP_RPC_TIMEOUT',
    120: 'GSP_ERROR',
    121: 'C2C_ERROR',
    136: 'ALI_TRAINING_FAIL',
    140: 'UNRECOVERABLE_ECC_ERROR_ESCAPE',
    143: 'GPU_INIT_ERROR',
    144: 'NVLINK_SAW_ERROR',
    145: 'NVLINK_RLW_ERROR',
    146: 'NVLINK_TLW_ERROR',
    147: 'NVLINK_TREX_ERROR',
    148: 'NVLINK_NVLPW_CTRL_ERROR',
    149: 'NVLINK_NETIR_ERROR',
    150: 'NVLINK_MSE_ERROR',
    155: 'NVLINK_SW_DEFINED_ERROR',
    156: 'RESOURCE_RETIREMENT_EVENT',
    157: 'RESOURCE_RETIREMENT_FAILURE',
    158: 'GPU_FATAL_TIMEOUT',
    167: 'PCIE_FATAL_TIMEOUT',
    168: 'REDUCED_GPU_MEMORY_CAPACITY',
    169: 'SEC2_HALT_ERROR',
    171: 'UNCORRECTABLE_DRAM_ERROR',
    172: 'UNCORRECTABLE_SRAM_ERROR',
  }),
  ...rows('informational', {
    37: 'ROBUST_CHANNEL_FECS_ERR_UNIMP_FIRMWARE_METHOD',
    38: 'ROBUST_CHANNEL_FECS_ERR_WATCHDOG_TIMEOUT',
    44: 'ROBUST_CHANNEL_GR_FAULT_DURING_CTXSW',
    63: 'INFOROM_DRAM_RETIREMENT_EVENT',
    66: 'ROBUST_CHANNEL_FECS_ERR_REG_ACCESS_VIOLATION',
    67: 'ROBUST_CHANNEL_FECS_ERR_VERIF_VIOLATION',
    78: 'VGPU_START_ERROR',
    93: 'INFOROM_ERASE_LIMIT_EXCEEDED',
    106: 'SMBPBI_TEST_MESSAGE',
    107: 'SMBPBI_TEST_MESSAGE_SILENT',
    108: 'NVLINK_REMOTE_TRANSLATION_ERROR',
    137: 'NVLINK_PRIV_ERR',
    141: 'ROBUST_CHANNEL_FAST_PATH_ERROR',
    151: 'ROBUST_CHANNEL_KEY_ROTATION_ERROR',
    154: 'GPU_RECOVERY_ACTION_CHANGED',
    160: 'CHANNEL_RETIREMENT_EVENT',
    161: 'CHANNEL_RETIREMENT_FAILURE',
  }),
];

const BY_CODE: ReadonlyMap<number, Xid> = new Map(xids.map((xid) => [xid.code, xid]));

/** The row of a code; undefined where the catalogue has none. */
export function xidByCode(code: number): Xid | undefined {
  return BY_CODE.get(code);
}

/** Whose an XID is; a code that the catalogue does not have is taken for the hardware's. */
export function classifyXid(code: number): XidClass {
  return BY_CODE.get(code)?.class ?? 'hardware';
}
