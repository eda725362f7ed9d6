package org.registrybbm.app;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.registrybbm.app.RegistryJar.Result;

/**
 * The classes of {@code registry.jar} in this JVM, apart from those of the tests: a command that finds them loaded takes a tenth of the time
 * that a process of its own takes. What ends a process is noted as its exit code.
 *
 * <p>It is for commands that end by themselves. A process of its own is for a server, for signals, for what a process inherits, and for
 * looking for passwords, as those that one command has read are hidden from the output of the next one.
 */
final class SharedJvm {
    private SharedJvm() {}

    private static final class Holder {
        static final Constructor<?> APPLICATION = application(Path.of(System.getProperty("registry.jar")));
    }

    /** Runs a command as {@code main} does. */
    static synchronized Result run(Map<String, String> variables, String... arguments) {
        Constructor<?> application = Holder.APPLICATION;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        AtomicInteger exit = new AtomicInteger();
        PrintStream realOut = System.out;
        PrintStream realErr = System.err;
        ClassLoader realLoader = Thread.currentThread().getContextClassLoader();
        try (PrintStream newOut = new PrintStream(out, true, StandardCharsets.UTF_8);
                PrintStream newErr = new PrintStream(err, true, StandardCharsets.UTF_8)) {
            System.setOut(newOut);
            System.setErr(newErr);
            Thread.currentThread()
                    .setContextClassLoader(application.getDeclaringClass().getClassLoader());
            Object registry = application.newInstance(variables, (IntConsumer) exit::set);
            application.getDeclaringClass().getMethod("run", String[].class).invoke(registry, new Object[] {arguments});
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the command did not end as a process does", e);
        } finally {
            Thread.currentThread().setContextClassLoader(realLoader);
            System.setOut(realOut);
            System.setErr(realErr);
        }
        return new Result(exit.get(), out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static Constructor<?> application(Path jar) {
        try {
            // It is open for as long as the JVM lives.
            URLClassLoader classes = new URLClassLoader(
                    "registry.jar", new URL[] {jar.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
            // The DriverManager knows drivers of the tests' own classes only, which are others to it.
            Class.forName("org.postgresql.Driver", true, classes);
            return classes.loadClass("org.registrybbm.app.RegistryApplication")
                    .getConstructor(Map.class, IntConsumer.class);
        } catch (MalformedURLException | ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
