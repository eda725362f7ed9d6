package org.registrybbm.migrations.testkit.forms;

/** Whether this build takes the long forms of tests: {@code -Dbbm.matrix=long}. */
public final class LongBuild {
    /** True if it does. */
    public static final boolean IS_ON = "long".equals(System.getProperty("bbm.matrix"));

    private LongBuild() {}
}
