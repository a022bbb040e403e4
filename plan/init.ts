/** `assay init`: a plan with a comment on everything that is usually said. */

/** A commented example plan, as YAML; it loads as it is. */
export function commentedPlan(): string {
  return PLAN;
}

const PLAN = `# A plan of assay: what was bought, how its nodes are reached, what is measured, what must hold.
# \`assay lint\` checks it, \`assay estimate\` says what it costs, \`assay accept\` runs it.
# \`assay schema\` prints everything that a plan may say.
assay: 1
seed: 20261215 # all randomness: pairings, sampling, simulation

delivery:
  reference: "MSA-2025-114 / tranche 7" # the contract's own name for this lot
  provider: own # aws, azure, gcp, oci, own, …: who is paid
  sku: h200-sxm # \`assay catalog\` lists them
  # count: 512 # units bought; left out: as many as the fleet names
  # unit: node # node, slice or rack: what is lost with one bad node
  # milestone: 2026-12-15
  # deemed-acceptance: 2027-01-15
  # price: { per-node-hour: 31.50, currency: USD }

fleet:
  runner: ssh # or local: this machine
  hosts: "gpu[001-512].lab" # a list, "file:hosts.csv", an Ansible inventory, or "-"
  user: ubuntu
  # become: sudo -n # for facts that need root: serials, kernel log
  # python: /opt/venv/bin/python # or a list, e.g. a container run; left out: asked on each node
  grace: 30 min # a node that is out of reach for longer fails
  # on-reject: /opt/drain # called once for each rejected node

suites:
  matmul: # compute, memory and copies on each accelerator
    dtypes: [bf16, fp8]
  nccl: # collectives in each node and between pairs of nodes
    collectives: [all_reduce, alltoall]
    scopes: [node, pair]
  inference: # prefill and decode of a model with random weights

criteria:
  - id: bf16-contract
    clause: "Annex B 3.2"
    metric: matmul.gemm.throughput
    where: { dtype: bf16, shape: 8192, mode: sustained }
    per: accelerator # accelerator, link, node, group, endpoint or lot
    at-least: 660 TFLOP/s # every figure has a unit
    nominal: 700 TFLOP/s # the low end of good parts: with the limit it sets the resolution
    source: "contract, Annex B" # what the figure rests on
  - from: catalogue # every floor that the catalogue knows for this SKU

decision:
  consumer-risk: 0.1 % # P(pass) of a nonconforming part, at most
  producer-risk: 1 % # P(any conforming part fails), over the whole lot
  inconclusive: hold # hold, accept or reject: who bears the doubt
  nonconforming: 0 # units that may fail in an accepted lot

budget:
  wall-time: 6 h
`;
