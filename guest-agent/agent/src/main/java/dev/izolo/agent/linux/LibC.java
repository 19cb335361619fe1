package dev.izolo.agent.linux;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Functions of the C library, each bound at its first call. By name and boxed arguments on purpose: JNA's direct mapping
 * reads an annotation when it starts, for which the JDK spins proxy classes and method handles that no start cache
 * holds, and it binds all of a class's functions at once. That is half a second of a slow guest's start; a call costs a
 * few microseconds more, beside a system call and the kernel's work.
 */
final class LibC {
  private static final NativeLibrary LIBRARY = NativeLibrary.getInstance("c");
  private static final ConcurrentHashMap<String, Function> FUNCTIONS = new ConcurrentHashMap<>();

  private LibC() {}

  private static Function function(String name) {
    Function known = FUNCTIONS.get(name);
    if (known == null) {
      known = LIBRARY.getFunction(name);
      FUNCTIONS.put(name, known);
    }
    return known;
  }

  static int callInt(String name, Object... arguments) {
    return function(name).invokeInt(arguments);
  }

  static long callLong(String name, Object... arguments) {
    return function(name).invokeLong(arguments);
  }

  static void call(String name, Object... arguments) {
    function(name).invokeVoid(arguments);
  }
}
