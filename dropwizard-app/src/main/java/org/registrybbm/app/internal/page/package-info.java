/**
 * The page for operators: HTML that is complete without scripts, and forms. What it looks like is in {@code view}, what operators
 * decide in {@code operate}, and who they are in {@code access}.
 */
@NullMarked
package org.registrybbm.app.internal.page;

import org.jspecify.annotations.NullMarked;
