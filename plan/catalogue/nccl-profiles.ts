/**
 * NCCL's settings by cloud and kind of machine, each with where it was read. In a container nothing of the host's
 * (/etc/nccl.conf, an environment script) is there: what the host would have set stands here whole.
 */

/** Networks between nodes, in the plan's words. */
export const NETWORKS = ['nvlink', 'ib', 'roce', 'efa', 'tcpx', 'tcpxo', 'gib', 'socket'] as const;

/** One named set of variables. */
export interface NcclProfile {
  /** The network that whoever names the profile claims. */
  readonly transport: (typeof NETWORKS)[number];
  /** Whose machines have what it names; absent: anybody's. */
  readonly cloud?: 'aws' | 'azure' | 'gcp' | 'oci';
  /** Machine types that it was written for; absent: any with that network. */
  readonly types?: readonly string[];
  /** Catalogue ids of what is in these types; absent: any. */
  readonly skus?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Folders of the library and its plugins, first in LD_LIBRARY_PATH unless the plan gives its own. */
  readonly libraries?: readonly string[];
  readonly source: string;
}

const EFA = {
  cloud: 'aws',
  transport: 'efa',
  libraries: [
    '/opt/amazon/efa/lib',
    '/opt/amazon/ofi-nccl/lib',
    '/opt/amazon/ofi-nccl/lib/x86_64-linux-gnu',
  ],
} as const;

const OCI = {
  NCCL_CUMEM_ENABLE: '0',
  NCCL_IB_GID_INDEX: '3',
  NCCL_IB_SL: '0',
  NCCL_IB_SPLIT_DATA_ON_QPS: '0',
  NCCL_IB_TC: '41',
  NCCL_IB_TIMEOUT: '22',
  NCCL_IGNORE_CPU_AFFINITY: '1',
  NCCL_SOCKET_IFNAME: 'eth0',
} as const;

const HOPPER_HCAS =
  '=mlx5_0,mlx5_1,mlx5_3,mlx5_4,mlx5_5,mlx5_6,mlx5_7,mlx5_8,mlx5_9,mlx5_10,mlx5_12,mlx5_13,mlx5_14,mlx5_15,mlx5_16,mlx5_17';

/** A name that is not here is a name only: its runs are kept apart from others, and what they used is shown. */
export const NCCL_PROFILES: Readonly<Record<string, NcclProfile>> = {
  'aws-efa': {
    ...EFA,
    environment: { FI_PROVIDER: 'efa' },
    source:
      'EFA installer 1.30+: libfabric in /opt/amazon/efa, aws-ofi-nccl in /opt/amazon/ofi-nccl; NVIDIA/aicr, EFA images',
  },
  'aws-p5': {
    ...EFA,
    types: ['p5.48xlarge', 'p5e.48xlarge', 'p5en.48xlarge'],
    skus: ['h100-sxm', 'h200-sxm'],
    environment: {
      FI_PROVIDER: 'efa',
      FI_EFA_USE_DEVICE_RDMA: '1',
      FI_EFA_FORK_SAFE: '1',
      NCCL_BUFFSIZE: '8388608',
      NCCL_P2P_NET_CHUNKSIZE: '524288',
    },
    source: "AWS's own NCCL test jobs for p5 and p5e on EKS (aws-do-eks, efa-nccl-test)",
  },
  'azure-ib': {
    cloud: 'azure',
    transport: 'ib',
    environment: { NCCL_NET: 'IB', NCCL_IB_PCI_RELAXED_ORDERING: '1' },
    source: 'Azure/azhpc-images, customizations/nd*.sh: what every ND size has in /etc/nccl.conf',
  },
  'azure-ndv5': {
    cloud: 'azure',
    skus: ['h100-sxm', 'h200-sxm'],
    transport: 'ib',
    types: ['Standard_ND96isr_H100_v5', 'Standard_ND96isr_H200_v5'],
    environment: {
      NCCL_NET: 'IB',
      NCCL_IB_PCI_RELAXED_ORDERING: '1',
      NCCL_TOPO_FILE: '/opt/microsoft/ndv5-topo.xml',
      NCCL_IGNORE_CPU_AFFINITY: '1',
    },
    source:
      'Azure/azhpc-images, customizations/ndv5.sh (writes /etc/nccl.conf; a container lacks it and the topology file)',
  },
  'azure-ndv4': {
    cloud: 'azure',
    skus: ['a100-sxm-40', 'a100-sxm-80'],
    transport: 'ib',
    types: ['Standard_ND96asr_v4', 'Standard_ND96amsr_A100_v4'],
    environment: {
      NCCL_NET: 'IB',
      NCCL_IB_PCI_RELAXED_ORDERING: '1',
      NCCL_TOPO_FILE: '/opt/microsoft/ndv4-topo.xml',
      NCCL_IGNORE_CPU_AFFINITY: '1',
    },
    source:
      'Azure/azhpc-images, topology/ndv4-topo.xml; the variables as for ndv5 (from memory for v4)',
  },
  'oci-roce': {
    cloud: 'oci',
    transport: 'roce',
    environment: { NCCL_NET: 'IB', ...OCI },
    source:
      'oracle-quickstart/oci-hpc-oke, NCCL parameters by shape: what all RDMA shapes have in common',
  },
  'oci-h100': {
    cloud: 'oci',
    skus: ['h100-sxm'],
    transport: 'roce',
    types: ['BM.GPU.H100.8'],
    environment: { NCCL_NET: 'IB', ...OCI, NCCL_IB_HCA: HOPPER_HCAS },
    source: 'oracle-quickstart/oci-hpc-oke, NCCL parameters of BM.GPU.H100.8',
  },
  'oci-b200': {
    cloud: 'oci',
    skus: ['b200'],
    transport: 'roce',
    types: ['BM.GPU.B200.8'],
    environment: {
      NCCL_NET: 'IB',
      ...OCI,
      NCCL_NET_PLUGIN: 'none',
      NCCL_IB_QPS_PER_CONNECTION: '1',
      NCCL_IB_HCA: '=mlx5_0,mlx5_3,mlx5_4,mlx5_5,mlx5_6,mlx5_9,mlx5_10,mlx5_11',
    },
    source: "Oracle's submission to MLPerf Training 5.0, 8xBM.GPU.B200.8, config_common.sh",
  },
  'gcp-tcpx': {
    cloud: 'gcp',
    skus: ['h100-sxm'],
    transport: 'tcpx',
    types: ['a3-highgpu-8g'],
    environment: {},
    source: 'none: the variables of GPUDirect-TCPX come from its own script on the host',
  },
  'gcp-tcpxo': {
    cloud: 'gcp',
    skus: ['h100-sxm'],
    transport: 'tcpxo',
    types: ['a3-megagpu-8g'],
    environment: {
      NCCL_FASTRAK_CTRL_DEV: 'enp0s12',
      NCCL_FASTRAK_IFNAME: 'enp6s0,enp7s0,enp13s0,enp14s0,enp134s0,enp135s0,enp141s0,enp142s0',
      NCCL_SOCKET_IFNAME: 'enp0s12',
      NCCL_FASTRAK_LLCM_DEVICE_DIRECTORY: '/dev/aperture_devices',
      NCCL_TUNER_PLUGIN: 'libnccl-tuner.so',
      NCCL_TUNER_CONFIG_PATH: '/var/lib/tcpxo/lib64/a3plus_tuner_config.textproto',
      NCCL_SHIMNET_GUEST_CONFIG_CHECKER_CONFIG_FILE:
        '/var/lib/tcpxo/lib64/a3plus_guest_config.textproto',
    },
    libraries: ['/var/lib/tcpxo/lib64'],
    source:
      'GoogleCloudPlatform/cluster-toolkit, a3-megagpu-8g, run-nccl-tests.sh; more is set by nccl-env-profile.sh on the host',
  },
  'gcp-gib': {
    cloud: 'gcp',
    skus: ['h200-sxm', 'b200', 'gb200'],
    transport: 'gib',
    types: ['a3-ultragpu-8g', 'a4-highgpu-8g', 'a4x-highgpu-4g'],
    environment: { NCCL_NET: 'gIB' },
    libraries: ['/usr/local/gib/lib64'],
    source: 'Google, "Run NCCL on Compute Engine instances": the gIB plugin in /usr/local/gib',
  },
  'gcp-gib-a4': {
    cloud: 'gcp',
    skus: ['b200'],
    transport: 'gib',
    types: ['a4-highgpu-8g'],
    environment: {
      NCCL_NET: 'gIB',
      NCCL_CROSS_NIC: '0',
      NCCL_NET_GDR_LEVEL: 'PIX',
      NCCL_P2P_NET_CHUNKSIZE: '131072',
      NCCL_NVLS_CHUNKSIZE: '524288',
      NCCL_IB_ADAPTIVE_ROUTING: '1',
      NCCL_IB_QPS_PER_CONNECTION: '4',
      NCCL_IB_TC: '52',
      NCCL_IB_FIFO_TC: '84',
      NCCL_TUNER_CONFIG_PATH: '/usr/local/gib/configs/tuner_config_a4.txtpb',
    },
    libraries: ['/usr/local/gib/lib64'],
    source:
      'what /usr/local/gib/scripts/set_nccl_env.sh sets on A4, as public recipes for A4 spell it out',
  },
  ethernet: {
    transport: 'socket',
    environment: { NCCL_NET: 'Socket' },
    source: 'NCCL user guide, NCCL_NET',
  },
};

/** The profile of that name, where we know one. */
export function ncclProfile(name: unknown): NcclProfile | undefined {
  return typeof name === 'string' && Object.hasOwn(NCCL_PROFILES, name)
    ? NCCL_PROFILES[name]
    : undefined;
}

/** Every variable that it sets. */
export function profileVariables({
  environment,
  libraries = [],
}: NcclProfile): Readonly<Record<string, string>> {
  return {
    ...environment,
    ...(libraries.length > 0 && { LD_LIBRARY_PATH: libraries.join(':') }),
  };
}
