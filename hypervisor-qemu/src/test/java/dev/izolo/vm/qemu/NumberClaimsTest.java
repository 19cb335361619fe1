package dev.izolo.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.izolo.vm.VmException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NumberClaimsTest {
  @TempDir Path temp;

  @Test
  void givesEveryNumberToOneVmOnly() throws Exception {
    var claims = claims("boot-1", 50);
    var tasks = new ArrayList<Callable<Integer>>();
    for (int i = 0; i < 50; i++) {
      String vm = "vm-" + i;
      tasks.add(() -> claims.claim(vm, _ -> true));
    }
    var numbers = new ArrayList<Integer>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var number : threads.invokeAll(tasks)) {
        numbers.add(number.get());
      }
    }

    assertThat(numbers).doesNotHaveDuplicates().allMatch(n -> n >= 1000 && n < 1050);
    assertThatThrownBy(() -> claims.claim("one-more", _ -> true))
        .isInstanceOf(VmException.Exhausted.class)
        .hasMessageContaining("all user ids from 1000 to 1049 are in use");
  }

  @Test
  void remembersAcrossADaemonRestart() throws Exception {
    int number = claims("boot-1", 1).claim("vm", _ -> true);
    var next = claims("boot-1", 1);

    assertThat(next.claimedBy("vm")).containsExactly(number);
    assertThat(next.claimedBy("v")).isEmpty();
    assertThatThrownBy(() -> next.claim("other", _ -> true)).isInstanceOf(VmException.Exhausted.class);
    next.free(number);
    next.free(number);
    assertThat(next.claim("other", _ -> true)).isEqualTo(number);
  }

  @Test
  void forgetsClaimsOfAnEarlierBoot() throws Exception {
    claims("boot-1", 2).claim("vm", _ -> true);
    claims("boot-1", 2).claim("vm", _ -> true);
    var later = claims("boot-2", 2);

    assertThat(later.claimedBy("vm")).isEmpty();
    assertThat(later.claim("a", _ -> true)).isBetween(1000, 1001);
    assertThat(later.claim("b", _ -> true)).isBetween(1000, 1001);
  }

  @Test
  void passesOverNumbersThatAreInUseAnyway() throws Exception {
    assertThat(claims("boot-1", 3).claim("vm", n -> n == 1001)).isEqualTo(1001);
    try (var files = Files.list(temp)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void neverTakesOverAClaimThatIsBeingWritten() throws Exception {
    Files.createFile(temp.resolve("1000"));

    assertThatThrownBy(() -> claims("boot-1", 1).claim("vm", _ -> true)).isInstanceOf(VmException.Exhausted.class);
  }

  private NumberClaims claims(String boot, int size) {
    return new NumberClaims(temp, "user ids", 1000, 999 + size, boot);
  }
}
