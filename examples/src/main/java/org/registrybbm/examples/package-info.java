/** Holds the code that README.md and docs/ show. It is compiled here, and a test compares it with what they show. */
@NullMarked
package org.registrybbm.examples;

import org.jspecify.annotations.NullMarked;
