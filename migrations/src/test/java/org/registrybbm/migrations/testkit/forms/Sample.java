package org.registrybbm.migrations.testkit.forms;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Has a parameterized test take a part of its inputs: the first one, and then every n-th. The others are shown as skipped. All are taken with
 * {@code -Dbbm.matrix=long}.
 *
 * <p>It is for inputs that are many of one kind. Order them so that what differs most stands where it is taken.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(SampleCondition.class)
public @interface Sample {
    /** Of how many inputs one is taken; at least 2. */
    int oneOf();
}
