package dev.izolo.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import dev.izolo.cri.v1.LinuxContainerResources;
import dev.izolo.cri.v1.LinuxPodSandboxConfig;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VmSizeTest {
  private static final RuntimeHandler HANDLER = new RuntimeHandler("runc", 1, 256, RuntimeHandler.Start.COLD, 0);
  private static final VmSize HOST = new VmSize(8, 4096);

  @ParameterizedTest
  @CsvSource({
    // quota and memory MiB of the pod, of its overhead -> vCPUs, MiB
    "0,0,0,0,1,256",
    "50000,0,0,0,1,256",
    "150000,0,0,0,2,256",
    "200000,0,10000,0,3,256",
    "0,64,0,0,1,256",
    "0,256,0,0,1,384",
    "0,257,0,0,1,416",
    "0,512,0,64,1,576",
    "9900000,0,0,0,8,256",
    "0,99999,0,0,1,4096",
    "-1,0,0,0,1,256",
  })
  void followsThePodsLimitsAndOverhead(
      long quota, long mib, long overheadQuota, long overheadMib, int vcpus, int memoryMib) {
    var pod =
        LinuxPodSandboxConfig.newBuilder()
            .setResources(resources(quota, mib))
            .setOverhead(resources(overheadQuota, overheadMib))
            .build();
    assertThat(VmSize.of(pod, HANDLER, HOST)).isEqualTo(new VmSize(vcpus, memoryMib));
  }

  private static LinuxContainerResources resources(long quota, long mib) {
    return LinuxContainerResources.newBuilder()
        .setCpuQuota(quota).setCpuPeriod(100_000).setMemoryLimitInBytes(mib << 20).build();
  }
}
