/**
 * As much of the official SDK as the tests use. Its own types are left aside: a checkout without the package
 * (it is there for one test) still compiles.
 */
declare module '@azure/arm-compute' {
  interface WireRequest {
    readonly method: string;
    readonly url: string;
    readonly body?: unknown;
    readonly headers: { set(name: string, value: string): void };
  }
  interface WireResponse {
    readonly request: WireRequest;
    readonly headers: unknown;
    readonly status: number;
    readonly bodyAsText?: string | null;
  }
  interface WirePolicy {
    readonly name: string;
    sendRequest(
      request: WireRequest,
      next: (request: WireRequest) => Promise<WireResponse>,
    ): Promise<WireResponse>;
  }
  interface Sets {
    createOrUpdate(
      group: string,
      name: string,
      set: object,
      options?: { readonly ifNoneMatch?: string },
    ): Promise<object>;
    get(group: string, name: string): Promise<object>;
    list(group: string): AsyncIterable<object>;
    listAll(): AsyncIterable<object>;
    delete(
      group: string,
      name: string,
      options?: { readonly forceDeletion?: boolean },
    ): Promise<void>;
    deleteInstances(
      group: string,
      name: string,
      ids: { readonly instanceIds: readonly string[] },
      options?: { readonly forceDeletion?: boolean },
    ): Promise<void>;
  }
  export class ComputeManagementClient {
    constructor(
      credential: { getToken(): Promise<{ token: string; expiresOnTimestamp: number }> },
      subscription: string,
      options: {
        readonly endpoint: string;
        readonly allowInsecureConnection: boolean;
        readonly retryOptions: { readonly maxRetries: number };
      },
    );
    readonly pipeline: {
      addPolicy(policy: WirePolicy): void;
      removePolicy(which: { readonly name: string }): void;
    };
    readonly virtualMachineScaleSets: Sets;
    readonly virtualMachineScaleSetVMs: {
      list(
        group: string,
        set: string,
        options: { readonly expand: string },
      ): AsyncIterable<{ readonly instanceId?: string }>;
      retrieveBootDiagnosticsData(
        group: string,
        set: string,
        instance: string,
      ): Promise<{ readonly serialConsoleLogBlobUri?: string }>;
    };
  }
}
