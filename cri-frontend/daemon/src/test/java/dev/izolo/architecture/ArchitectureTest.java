package dev.izolo.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Which part may know which other: a pod's way through the code goes one way only. */
class ArchitectureTest {
  private static JavaClasses izolo;

  @BeforeAll
  static void importClasses() {
    izolo = new ClassFileImporter()
        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
        .importPackages("dev.izolo");
    assertThat(izolo.contain("dev.izolo.cli.Main")).isTrue();
    assertThat(izolo.contain("dev.izolo.vm.qemu.QemuVmm")).isTrue();
  }

  @Test
  void partsDependOnEachOtherInOneDirection() {
    slices().assignedFrom(new Parts()).should().beFreeOfCycles().check(izolo);
  }

  /** A part is the package below dev.izolo; the generated messages, which every part may use, are parts of their own. */
  private static final class Parts implements SliceAssignment {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass javaClass) {
      String[] names = javaClass.getPackageName().split("\\.");
      if (names.length < 3) {
        return SliceIdentifier.ignore();
      }
      boolean generated = names.length > 3 && names[3].equals("v1");
      return SliceIdentifier.of(generated ? names[2] + ".v1" : names[2]);
    }

    @Override
    public String getDescription() {
      return "parts of Izolo";
    }
  }

  /** A handler may only be moved to this list with a look at all that it calls. */
  @Test
  void onlyHandlersThatReadMemoryAreServedByTheEventLoop() {
    assertThat(izolo.stream().filter(c -> c.isAssignableTo("dev.izolo.cri.MemoryHandler") && !c.isInterface()))
        .extracting(JavaClass::getSimpleName)
        .containsExactlyInAnyOrder("VersionHandler", "RuntimeConfigHandler", "UpdateRuntimeConfigHandler",
            "ListPodSandboxHandler", "ListContainersHandler");
  }

  @Test
  void nothingKnowsTheCommandLine() {
    noClasses().that().resideOutsideOfPackage("dev.izolo.cli..")
        .should().dependOnClassesThat().resideInAPackage("dev.izolo.cli..").check(izolo);
  }

  @Test
  void onlyTheCommandLineKnowsTheCriFrontend() {
    noClasses().that().resideOutsideOfPackages("dev.izolo.cli..", "dev.izolo.cri..")
        .should().dependOnClassesThat(
            resideInAPackage("dev.izolo.cri..").and(not(resideInAPackage("dev.izolo.cri.v1.."))))
        .check(izolo);
  }

  @Test
  void onlyTheCompositionRootKnowsQemu() {
    noClasses().that().resideOutsideOfPackages("dev.izolo.cli..", "dev.izolo.vm..")
        .should().dependOnClassesThat(
            resideInAnyPackage("dev.izolo.vm.qemu..", "dev.izolo.vm.qmp..", "dev.izolo.vm.vsock.."))
        .check(izolo);
  }

  @Test
  void virtualMachinesKnowNothingOfPods() {
    noClasses().that().resideInAnyPackage("dev.izolo.vm..", "dev.izolo.linux..", "dev.izolo.lifecycle..")
        .should().dependOnClassesThat(resideInAnyPackage("dev.izolo.cri..", "dev.izolo.sandbox..",
            "dev.izolo.container..", "dev.izolo.image..", "dev.izolo.network..", "dev.izolo.state..",
            "dev.izolo.config.."))
        .check(izolo);
  }

  @Test
  void imagesAndNetworksKnowNothingOfPods() {
    noClasses().that().resideInAnyPackage("dev.izolo.image..", "dev.izolo.network..")
        .should().dependOnClassesThat(resideInAnyPackage("dev.izolo.cri..", "dev.izolo.sandbox..",
            "dev.izolo.container..", "dev.izolo.vm..", "dev.izolo.config.."))
        .check(izolo);
  }

  @Test
  void sandboxesDoNotKnowTheirContainers() {
    noClasses().that().resideInAPackage("dev.izolo.sandbox..")
        .should().dependOnClassesThat().resideInAPackage("dev.izolo.container..").check(izolo);
  }

  @Test
  void nativeCallsAreInOnePlace() {
    noClasses().that().resideOutsideOfPackage("dev.izolo.linux..")
        .should().dependOnClassesThat().resideInAPackage("java.lang.foreign..").check(izolo);
  }

  @Test
  void errorsBecomeStatusesInOnePlace() {
    noClasses().that().resideInAPackage("dev.izolo.cri")
        .and().doNotHaveSimpleName("StatusMapper").and().doNotHaveSimpleName("CallRunner")
        .should().dependOnClassesThat().haveFullyQualifiedName("io.grpc.Status")
        .check(izolo);
  }

  /** Handlers keep nothing between calls. */
  @Test
  void handlersHaveNoState() {
    classes().that().resideInAPackage("dev.izolo.cri").and().haveSimpleNameEndingWith("Handler")
        .should().haveOnlyFinalFields().andShould().notHaveModifier(JavaModifier.PUBLIC)
        .check(izolo);
  }
}
