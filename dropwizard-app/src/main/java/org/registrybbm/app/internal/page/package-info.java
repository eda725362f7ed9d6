/**
 * The page for operators: HTML that is complete without scripts, and forms. What operators decide is in {@code operate}, and who they are
 * in {@code access}.
 */
@NullMarked
package org.registrybbm.app.internal.page;

import org.jspecify.annotations.NullMarked;
