package org.registrybbm.scheduler.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import net.bytebuddy.jar.asm.ClassReader;
import net.bytebuddy.jar.asm.ClassVisitor;
import net.bytebuddy.jar.asm.ClassWriter;
import net.bytebuddy.jar.asm.MethodVisitor;
import net.bytebuddy.jar.asm.Opcodes;

/**
 * Gives a process a wall clock that can be set: as {@code -Djava.system.class.loader} it loads Quartz, the engine and the driver, and puts
 * {@link ReplicaClock} wherever they read the JVM's clock. It needs nothing but a JDK, and no right to set the machine's clock. What the
 * JDK itself reads, and the monotonic clock behind sleeps and time-outs, stay as they are, as they do when a real clock is set.
 */
public final class ClockLoader extends ClassLoader {
    private static final List<String> MISLED = List.of("org.quartz.", "org.registrybbm.", "org.postgresql.");
    private static final String CLOCK = ReplicaClock.class.getName();

    static {
        registerAsParallelCapable();
    }

    /** The JVM makes it by this constructor. */
    public ClockLoader(ClassLoader parent) {
        super(parent);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            return MISLED.stream().anyMatch(name::startsWith) ? define(name) : super.loadClass(name, resolve);
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (in == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = name.equals(CLOCK) ? in.readAllBytes() : misled(in.readAllBytes());
            return defineClass(name, bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }

    private static byte[] misled(byte[] original) {
        ClassReader reader = new ClassReader(original);
        ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        reader.accept(
                new ClassVisitor(Opcodes.ASM9, writer) {
                    @Override
                    public MethodVisitor visitMethod(
                            int access, String name, String descriptor, String signature, String[] exceptions) {
                        return new Misleading(super.visitMethod(access, name, descriptor, signature, exceptions));
                    }
                },
                0);
        return writer.toByteArray();
    }

    /** Replaces {@code System.currentTimeMillis()} and {@code new Date()}. */
    private static final class Misleading extends MethodVisitor {
        Misleading(MethodVisitor next) {
            super(Opcodes.ASM9, next);
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean isInterface) {
            if (owner.equals("java/lang/System") && name.equals("currentTimeMillis")) {
                readClock();
            } else if (owner.equals("java/util/Date") && name.equals("<init>") && descriptor.equals("()V")) {
                readClock();
                super.visitMethodInsn(opcode, owner, name, "(J)V", isInterface);
            } else {
                super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
            }
        }

        private void readClock() {
            super.visitMethodInsn(Opcodes.INVOKESTATIC, CLOCK.replace('.', '/'), "currentTimeMillis", "()J", false);
        }
    }
}
